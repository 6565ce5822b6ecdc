import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { Segments } from './segments.tsx';
import { stored } from './stored.ts';

type Scheme = 'light' | 'dark' | 'forced';

const width = stored('mail-width');
const scheme = stored('mail-scheme');

/**
 * A mail as its reader sees it. It is hostile: it is shown by a document of its own that runs nothing, in a frame that would let it
 * run nothing either.
 */
export function MailView({ html, title }: { html: string; title: string }) {
  const [hasImages, setHasImages] = useState(false);
  const { name, hasFailed } = useFrame(html);
  const shown: Scheme = scheme.value === 'dark' || scheme.value === 'forced' ? scheme.value : 'light';
  return (
    <div class="mail-view">
      <div class="mail-tools">
        <Segments
          label="Width"
          value={width.value ?? 'full'}
          onChange={(value) => {
            width.value = value === 'full' ? null : value;
          }}
          segments={[
            { value: 'full', label: 'As wide as there is room', content: <Icon name="desktop" /> },
            { value: 'phone', label: 'Phone, 375 pixels', content: <Icon name="phone" /> },
          ]}
        />
        <Segments
          label="Colours of the mail"
          value={shown}
          onChange={(value) => {
            scheme.value = value === 'light' ? null : value;
          }}
          segments={[
            { value: 'light', label: 'Light', content: <Icon name="sun" /> },
            { value: 'dark', label: 'Dark', content: <Icon name="moon" /> },
            { value: 'forced', label: 'Dark, forced as some clients do', content: <Icon name="invert" /> },
          ]}
        />
        {hasRemoteImages(html) ? (
          <button
            type="button"
            class="button quiet"
            aria-pressed={hasImages}
            onClick={() => setHasImages(!hasImages)}
          >
            <Icon name="image" />
            Load remote images
          </button>
        ) : null}
      </div>
      <div class="mail-stage">
        {hasFailed ? (
          <p class="soft">The mail is too large to be shown here; its source is beside it.</p>
        ) : null}
        {name === null || hasFailed ? null : (
          <iframe
            key={`${name} ${shown} ${hasImages}`}
            class="mail-sheet"
            data-width={width.value ?? 'full'}
            title={title}
            sandbox="allow-same-origin"
            src={`/ui/frames/inbox/${name}?scheme=${shown}&images=${hasImages ? 1 : 0}`}
          />
        )}
      </div>
    </div>
  );
}

/** Leaves the mail with the server, which gives it to a frame under a policy of its own. */
function useFrame(html: string): { name: string | null; hasFailed: boolean } {
  const [name, setName] = useState<string | null>(null);
  const [hasFailed, setHasFailed] = useState(false);
  useEffect(() => {
    const ended = new AbortController();
    const keep = async (): Promise<void> => {
      try {
        const response = await fetch('/ui/inbox/frames', {
          method: 'POST',
          headers: { 'x-mail-pages': '1', 'content-type': 'text/plain' },
          body: html,
          signal: ended.signal,
        });
        if (!response.ok) throw new Error(`The server answered ${response.status}`);
        setName((await response.json()).name);
        setHasFailed(false);
      } catch {
        if (!ended.signal.aborted) setHasFailed(true);
      }
    };
    void keep();
    return () => ended.abort();
  }, [html]);
  return { name, hasFailed };
}

function hasRemoteImages(html: string): boolean {
  return /(?:src|background)\s*=\s*["']?\s*(?:https?:)?\/\/|url\(\s*["']?\s*(?:https?:)?\/\//i.test(html);
}
