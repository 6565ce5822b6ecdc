import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../shared/api.ts';
import { Icon } from '../shared/icon.tsx';
import { stored } from '../shared/stored.ts';
import type { PreviewList, RenderRequest, TestAnswer, TestProgress } from './contract.ts';

const lastAddress = stored('test-address');

const GOOD = new Set(['sent', 'delivered']);
const LOOK_AGAIN_MS = 400;

type SendTestProps = { rendering: RenderRequest; list: PreviewList; isReady: boolean };

/** Sends the mail as it is shown, and tells what becomes of it. */
export function SendTest({ rendering, list, isReady }: SendTestProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button type="button" class="button" disabled={!isReady} onClick={() => dialog.current?.showModal()}>
        <Icon name="send" />
        Send test
      </button>
      <dialog ref={dialog} class="test-dialog" aria-labelledby="test-title">
        {list.service === null ? (
          <NoService onClose={() => dialog.current?.close()} />
        ) : (
          <TestForm rendering={rendering} url={list.service.url} onClose={() => dialog.current?.close()} />
        )}
      </dialog>
    </>
  );
}

function NoService({ onClose }: { onClose: () => void }) {
  return (
    <div class="test-form">
      <h2 id="test-title">Send a test</h2>
      <p>
        A test goes through a service. Run <code class="mono">mailctl login</code> for one that runs
        somewhere, or <code class="mono">mailctl dev</code> for one of your own, and start the preview again.
      </p>
      <div class="test-actions">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
    </div>
  );
}

type TestFormProps = { rendering: RenderRequest; url: string; onClose: () => void };

function TestForm({ rendering, url, onClose }: TestFormProps) {
  const [state, send] = useTest(rendering);
  return (
    <form
      class="test-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send(lastAddress.value ?? '');
      }}
    >
      <h2 id="test-title">Send a test</h2>
      <label>
        To
        <input
          class="field"
          type="email"
          required
          autocomplete="email"
          placeholder="you@example.com"
          value={lastAddress.value ?? ''}
          onInput={(event) => {
            lastAddress.value = event.currentTarget.value;
          }}
        />
      </label>
      <p class="soft">Through {url}, as it is shown now.</p>
      <Outcome state={state} />
      <div class="test-actions">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
        <button type="submit" class="button primary" disabled={state.kind === 'sending'}>
          Send
        </button>
      </div>
    </form>
  );
}

type TestState =
  | { kind: 'none' }
  | { kind: 'sending' }
  | { kind: 'refused'; message: string }
  | { kind: 'accepted'; messageId: string; progress: TestProgress | null };

function Outcome({ state }: { state: TestState }) {
  if (state.kind === 'refused') {
    return (
      <p class="test-failure" role="alert">
        {state.message}
      </p>
    );
  }
  const progress = state.kind === 'accepted' ? state.progress : null;
  if (!progress) return null;
  const { status, isOver, events, lastError } = progress;
  return (
    <div role="status">
      <p class="test-status" data-good={isOver ? String(GOOD.has(status)) : undefined}>
        {status}
      </p>
      {lastError === null ? null : <p class="test-failure">{lastError}</p>}
      <ol class="test-events">
        {events.map(({ type, at, detail }) => (
          <li key={type + at}>
            <time class="mono" dateTime={at}>
              {at.slice(11, 23)}
            </time>
            <span>
              {type} <span class="soft">{detail}</span>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function useTest(rendering: RenderRequest): [TestState, (to: string) => Promise<void>] {
  const [state, setState] = useState<TestState>({ kind: 'none' });
  useEffect(() => {
    if (state.kind !== 'accepted' || state.progress?.isOver) return;
    const { messageId } = state;
    const timer = setTimeout(async () => {
      const query = new URLSearchParams({ id: messageId });
      try {
        const progress = await call<TestProgress>(`/ui/preview/tests?${query.toString()}`);
        setState({ kind: 'accepted', messageId, progress });
      } catch (error) {
        setState({ kind: 'refused', message: toMessage(error) });
      }
    }, LOOK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const send = async (to: string): Promise<void> => {
    setState({ kind: 'sending' });
    try {
      const answer = await call<TestAnswer>('/ui/preview/tests', { body: { rendering, to } });
      if (!answer.ok) setState({ kind: 'refused', message: answer.message });
      else setState({ kind: 'accepted', messageId: answer.messageId, progress: null });
    } catch (error) {
      setState({ kind: 'refused', message: toMessage(error) });
    }
  };
  return [state, send];
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
