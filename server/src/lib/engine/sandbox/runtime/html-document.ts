/** A document in the parts that React collects apart: some go to its top, wherever they are in the tree. */
export type HtmlDocument = {
  htmlStart: string | null;
  headStart: string | null;
  bodyStart: string | null;
  charset: string;
  viewport: string;
  hoisted: string;
  /** What Tailwind puts before everything else in the head. */
  headStyle: string;
  headContent: string;
  content: string;
};

/** Creates an empty document. */
export function createHtmlDocument(): HtmlDocument {
  return {
    htmlStart: null,
    headStart: null,
    bodyStart: null,
    charset: '',
    viewport: '',
    hoisted: '',
    headStyle: '',
    headContent: '',
    content: '',
  };
}

/** Puts the parts together in the order of React's `flushCompletedQueues`. */
export function joinHtmlDocument(document: HtmlDocument): string {
  const { htmlStart, headStart, bodyStart } = document;
  const hasHead = htmlStart !== null || headStart !== null;
  const start = htmlStart === null ? (headStart ?? '') : htmlStart + (headStart ?? '<head>');
  const hoisted = document.charset + document.viewport + document.hoisted;
  const head = start + hoisted + document.headStyle + document.headContent + (hasHead ? '</head>' : '');
  const end = (bodyStart === null ? '' : '</body>') + (htmlStart === null ? '' : '</html>');
  return head + (bodyStart ?? '') + document.content + end;
}
