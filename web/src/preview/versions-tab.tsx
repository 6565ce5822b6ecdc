import { useEffect, useMemo, useState } from 'preact/hooks';
import { call } from '../shared/api.ts';
import { CodeView } from '../shared/code-view.tsx';
import { Segments } from '../shared/segments.tsx';
import { compareLines } from './compare-lines.ts';
import type { PreviewList, Rendered, VersionAnswer, VersionList } from './contract.ts';
import { formatHtml } from './format-html.ts';
import { MailFrame } from './mail-frame.tsx';
import { setView, view } from './view-state.ts';

type Form = 'picture' | 'html' | 'text';
type Version = VersionList['versions'][number];

/** What is on disk beside a version that the service has, with the same props. */
export function VersionsTab({ mail, list }: { mail: Rendered; list: PreviewList }) {
  const [versions, setVersions] = useState<readonly Version[] | null>(null);
  const { name } = mail.facts;
  const hasService = list.service !== null;
  useEffect(() => {
    const load = async (): Promise<void> => {
      const query = new URLSearchParams({ name });
      const answer = await call<VersionList>(`/ui/preview/versions?${query.toString()}`);
      setVersions(answer.versions);
    };
    if (hasService) void load();
  }, [name, hasService, mail.contentHash]);
  if (!hasService) return <NoService />;
  if (versions === null) return null;
  const chosen = versions.find(({ version }) => version === view.value.version) ?? versions[0];
  if (!chosen) {
    return (
      <div class="empty">
        <h2>Not pushed yet</h2>
        <p>
          The service at {list.service?.url} has no template “{name}”.
        </p>
      </div>
    );
  }
  return <SideBySide mail={mail} versions={versions} chosen={chosen} />;
}

function NoService() {
  return (
    <div class="empty">
      <h2>No service</h2>
      <p>
        Versions are kept by a service. Run <code class="mono">mailctl login</code> for one that runs
        somewhere, or <code class="mono">mailctl dev</code> for one of your own, and start the preview again.
      </p>
    </div>
  );
}

type SideBySideProps = { mail: Rendered; versions: readonly Version[]; chosen: Version };

function SideBySide({ mail, versions, chosen }: SideBySideProps) {
  const [form, setForm] = useState<Form>('picture');
  const other = useVersion(mail, chosen.version);
  return (
    <div class="versions">
      <div class="text-tab-bar">
        <Segments<Form>
          label="What is compared"
          value={form}
          onChange={setForm}
          segments={[
            { value: 'picture', label: 'Picture', content: 'Picture' },
            { value: 'html', label: 'HTML', content: 'HTML' },
            { value: 'text', label: 'Text', content: 'Text' },
          ]}
        />
        {other?.ok ? <span class="soft">{toVerdict(mail, other)}</span> : null}
        <select
          class="select"
          aria-label="Version"
          value={String(chosen.version)}
          onChange={(event) => setView({ version: Number(event.currentTarget.value) })}
        >
          {versions.map(({ version, isCurrent, createdAt }) => (
            <option key={version} value={String(version)}>
              {`Version ${version}${isCurrent ? ', live' : ''} · ${new Date(createdAt).toLocaleString()}`}
            </option>
          ))}
        </select>
      </div>
      {other === null ? null : other.ok ? (
        <Sides form={form} mail={mail} other={other} version={chosen.version} />
      ) : (
        <div class="empty">
          <p>{other.message}</p>
        </div>
      )}
    </div>
  );
}

type Other = Extract<VersionAnswer, { ok: true }>;

function Sides({
  form,
  mail,
  other,
  version,
}: {
  form: Form;
  mail: Rendered;
  other: Other;
  version: number;
}) {
  const scheme = view.value.scheme;
  const images = view.value.hasImages ? '1' : '0';
  const toSrc = (frame: string): string => `/ui/frames/preview/${frame}?scheme=${scheme}&images=${images}`;
  const sides = [
    { title: `Version ${version}`, mail: other, key: 'left' as const },
    { title: 'On disk', mail, key: 'right' as const },
  ];
  const texts = useMemo(() => sides.map((side) => toForm(side.mail, form)), [form, mail.html, other.html]);
  const compared = useMemo(() => compareLines(texts[0] ?? '', texts[1] ?? ''), [texts]);
  return (
    <div class="versions-sides">
      {sides.map((side, index) => (
        <section key={side.key} class="versions-side" aria-label={side.title}>
          <h2>
            {side.title} <span>{side.mail.subject}</span>
          </h2>
          {form === 'picture' ? (
            <MailFrame src={toSrc(side.mail.frame)} title={side.title} scrollKey={side.title} />
          ) : (
            <CodeView
              label={side.title}
              language={form === 'html' ? 'html' : 'plain'}
              text={texts[index] ?? ''}
              changes={compared[side.key]}
              isWrapped
            />
          )}
        </section>
      ))}
    </div>
  );
}

function useVersion(mail: Rendered, version: number): VersionAnswer | null {
  const [answer, setAnswer] = useState<VersionAnswer | null>(null);
  const body = { name: mail.facts.name, version, props: mail.props, locale: view.value.locale };
  const key = JSON.stringify(body);
  useEffect(() => {
    const controller = new AbortController();
    const load = async (): Promise<void> => {
      try {
        const options = { body, signal: controller.signal };
        setAnswer(await call<VersionAnswer>('/ui/preview/version', options));
      } catch (error) {
        if (controller.signal.aborted) return;
        setAnswer({ ok: false, message: error instanceof Error ? error.message : String(error) });
      }
    };
    void load();
    return () => controller.abort();
  }, [key]);
  return answer;
}

function toForm({ html, text }: { html: string; text: string }, form: Form): string {
  return form === 'text' ? text : formatHtml(html);
}

function toVerdict(mail: Rendered, other: Other): string {
  const isSame = mail.html === other.html && mail.text === other.text && mail.subject === other.subject;
  return isSame ? 'The same mail, to the byte' : 'They differ';
}
