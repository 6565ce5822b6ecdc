/** For people who open the link in a browser; the button posts what a mail client would. */
export function toUnsubscribePage(): string {
  return toHtml(
    'Unsubscribe',
    `<p>You will get no more mail of this kind at this address.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>`,
  );
}

/** What the click is answered with. */
export const UNSUBSCRIBED_PAGE = toHtml('Unsubscribed', '<p>You will get no more mail of this kind.</p>');

function toHtml(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>body{font:16px/1.5 sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style></head>
<body><h1>${title}</h1>
${content}
</body></html>
`;
}
