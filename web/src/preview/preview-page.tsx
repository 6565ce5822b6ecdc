import { useEffect, useState } from 'preact/hooks';
import { call } from '../shared/api.ts';
import { useEvents } from '../shared/events.ts';
import { navigate } from '../shared/router.ts';
import type { Changed, PreviewList, RenderRequest } from './contract.ts';
import { TemplateList, toAddress } from './template-list.tsx';
import { TemplateView } from './template-view.tsx';
import { useRendering } from './use-rendering.ts';
import { view } from './view-state.ts';

/** The preview of templates: the list, and the one that the address names. */
export function PreviewPage({ rest }: { rest: string }) {
  const [list, setList] = useState<PreviewList | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const request = toRequest(rest);
  const rendering = useRendering(request);
  const loadList = async (): Promise<void> => {
    try {
      setList(await call<PreviewList>('/ui/preview/templates'));
      setFailure(null);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => void loadList(), []);
  useEvents(
    '/ui/preview/events',
    {
      changed: (data) => {
        if (isChanged(data) && data.names.includes(rest)) rendering.reload();
      },
      listed: () => void loadList(),
    },
    () => {
      rendering.reload();
      void loadList();
    },
  );
  const [first] = list?.templates ?? [];
  useEffect(() => {
    if (rest === '' && first) navigate(toAddress(first.name), { replace: true });
  }, [rest, first?.name]);
  useEffect(() => {
    document.title = rest === '' ? 'Templates' : `${rest} · Templates`;
  }, [rest]);
  if (!list) return <main class="empty">{failure === null ? null : <p>{failure}</p>}</main>;
  return (
    <div class="preview">
      <TemplateList list={list} current={rest} />
      {first ? (
        <TemplateView name={rest} list={list} request={request} rendering={rendering} />
      ) : (
        <NoTemplates folder={list.folder} />
      )}
    </div>
  );
}

function NoTemplates({ folder }: { folder: string }) {
  return (
    <main class="empty">
      <h1>No templates yet</h1>
      <p>
        Put an <code class="mono">index.tsx</code> into a folder below <code class="mono">{folder}</code>: it
        appears here as it is saved.
      </p>
    </main>
  );
}

function toRequest(name: string): RenderRequest | null {
  if (name === '') return null;
  const { fixture, locale, propsText } = view.value;
  return { name, fixture, locale, props: propsText === null ? null : parseProps(propsText) };
}

/** Null for what is being typed and no JSON yet: then the fixture's are shown. */
function parseProps(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isChanged(data: unknown): data is Changed {
  return isRecord(data) && Array.isArray(data['names']);
}
