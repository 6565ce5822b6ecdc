import type { ComponentChildren } from 'preact';
import { type Tab, TabPanel, Tabs } from '../shared/tabs.tsx';
import { useKeys } from '../shared/keyboard.ts';
import { ChecksTab } from './checks-tab.tsx';
import type { PreviewList, Rendered, RenderRequest } from './contract.ts';
import { HeadersTab } from './headers-tab.tsx';
import { PropsTab } from './props-tab.tsx';
import { SendTest } from './send-test.tsx';
import { RenderError } from './render-error.tsx';
import { Stage } from './stage.tsx';
import { StageBar } from './stage-bar.tsx';
import { HtmlTab, PlainTextTab, SourceTab } from './text-tabs.tsx';
import { TemplateBar } from './template-bar.tsx';
import type { Rendering } from './use-rendering.ts';
import { VersionsTab } from './versions-tab.tsx';
import { setView, TABS, type TabId, view } from './view-state.ts';

const LABELS: Readonly<Record<TabId, string>> = {
  preview: 'Preview',
  html: 'HTML',
  text: 'Text',
  source: 'Source',
  headers: 'Headers',
  props: 'Props',
  checks: 'Checks',
  versions: 'Versions',
};

type TemplateViewProps = {
  name: string;
  list: PreviewList;
  request: RenderRequest | null;
  rendering: Rendering;
};

/** One template: what it is called, how it is looked at, and what there is to see. */
export function TemplateView({ name, list, request, rendering }: TemplateViewProps) {
  const { answer, good, failure } = rendering;
  const { tab } = view.value;
  const facts = answer?.facts ?? good?.facts ?? null;
  useKeys(Object.fromEntries(TABS.map((id, index) => [String(index + 1), () => setView({ tab: id })])));
  return (
    <main class="template">
      <TemplateBar name={name} facts={facts} mail={good}>
        {request ? <SendTest rendering={request} list={list} isReady={answer?.ok === true} /> : null}
      </TemplateBar>
      <Tabs<TabId>
        label="Views of the template"
        current={tab}
        onChange={(id) => setView({ tab: id })}
        tabs={TABS.map((id) => toTab(id, good?.checks.length))}
      />
      <TabPanel id={tab} class={`panel-${tab}`}>
        {failure === null ? null : <Failure text={failure} />}
        {facts && tab === 'source' ? <SourceTab facts={facts} /> : null}
        {tab === 'props' && answer ? <PropsTab key={name} answer={answer} good={good} /> : null}
        {tab !== 'source' && tab !== 'props' ? (
          <MailTab tab={tab} list={list} good={good} rendering={rendering} />
        ) : null}
      </TabPanel>
    </main>
  );
}

function toTab(id: TabId, checks: number | undefined): Tab<TabId> {
  const label = LABELS[id];
  return id === 'checks' ? { id, label, count: checks, tone: 'warning' } : { id, label };
}

type MailTabProps = { tab: TabId; list: PreviewList; good: Rendered | null; rendering: Rendering };

function MailTab({ tab, list, good, rendering }: MailTabProps) {
  const error = rendering.answer?.ok === false ? rendering.answer : null;
  return (
    <>
      {error ? <RenderError error={error} /> : null}
      {good ? <Shown tab={tab} list={list} mail={good} isStale={error !== null} /> : null}
    </>
  );
}

type ShownProps = { tab: TabId; list: PreviewList; mail: Rendered; isStale: boolean };

function Shown({ tab, list, mail, isStale }: ShownProps): ComponentChildren {
  switch (tab) {
    case 'html':
      return <HtmlTab mail={mail} />;
    case 'text':
      return <PlainTextTab mail={mail} />;
    case 'headers':
      return <HeadersTab mail={mail} />;
    case 'versions':
      return <VersionsTab mail={mail} list={list} />;
    case 'checks':
      return <ChecksTab mail={mail} />;
    default:
      return (
        <div class="picture">
          <StageBar hasDarkRules={mail.hasDarkRules} />
          <Stage mail={mail} isStale={isStale} />
        </div>
      );
  }
}

function Failure({ text }: { text: string }) {
  return (
    <div class="empty">
      <p>{text}</p>
    </div>
  );
}
