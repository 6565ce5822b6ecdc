import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../shared/api.ts';
import type { Rendered, RenderAnswer, RenderRequest } from './contract.ts';

export type Rendering = {
  /** The latest answer; null before the first. */
  answer: RenderAnswer | null;
  /** The latest that was a mail: what stays in view while the template is broken. */
  good: Rendered | null;
  /** Why there is no answer at all. */
  failure: string | null;
  reload: () => void;
};

type Kept = Omit<Rendering, 'reload'> & { name: string | null };

const NOTHING: Kept = { answer: null, good: null, failure: null, name: null };

/** What the server makes of a request, again whenever it changes or `reload` is called; the last one asked for wins. */
export function useRendering(request: RenderRequest | null): Rendering {
  const [kept, setKept] = useState<Kept>(NOTHING);
  const running = useRef<AbortController | null>(null);
  const key = JSON.stringify(request);
  const load = async (): Promise<void> => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    if (request === null) return;
    const { name } = request;
    try {
      const answer = await call<RenderAnswer>('/ui/preview/render', {
        body: request,
        signal: controller.signal,
      });
      if (controller.signal.aborted) return;
      const keepGood = (last: Kept): Rendered | null =>
        answer.ok ? answer : last.name === name ? last.good : null;
      setKept((last) => ({ answer, good: keepGood(last), failure: null, name }));
    } catch (error) {
      if (controller.signal.aborted) return;
      const failure = error instanceof Error ? error.message : String(error);
      setKept((last) => ({ answer: null, good: last.name === name ? last.good : null, failure, name }));
    }
  };
  useEffect(() => {
    void load();
    return () => running.current?.abort();
  }, [key]);
  // Of another template nothing is shown, not even for the moment until its own is here.
  const isCurrent = kept.name === request?.name;
  return { ...(isCurrent ? kept : NOTHING), reload: () => void load() };
}
