import type { ComponentType } from 'preact';
import { InboxPage } from './inbox/inbox-page.tsx';
import { MessagePage } from './message/message-page.tsx';
import { PreviewPage } from './preview/preview-page.tsx';
import type { PartName } from './parts.ts';
import { features } from './shared/features.ts';
import { path } from './shared/router.ts';
import { Shell } from './shared/shell.tsx';

type Route = {
  part: PartName;
  /** Groups: what `rest` holds is what comes after the prefix. */
  pattern: RegExp;
  Page: ComponentType<{ rest: string }>;
};

const ROUTES: readonly Route[] = [
  { part: 'preview', pattern: /^\/preview(?:\/(?<rest>.*))?$/, Page: PreviewPage },
  { part: 'inbox', pattern: /^\/inbox(?:\/(?<rest>.*))?$/, Page: InboxPage },
  { part: 'message', pattern: /^\/messages\/(?<rest>[^/]+)$/, Page: MessagePage },
];

/** The page that the address names, in the frame that all pages have. */
export function App() {
  for (const { part, pattern, Page } of ROUTES) {
    const match = features.parts.includes(part) ? pattern.exec(path.value) : null;
    if (match) {
      return (
        <Shell current={part}>
          <Page rest={decodeURIComponent(match.groups?.['rest'] ?? '')} />
        </Shell>
      );
    }
  }
  return (
    <Shell current={null}>
      <main class="empty">
        <h1>There is no such page</h1>
      </main>
    </Shell>
  );
}
