import { CopyButton } from '../shared/copy-button.tsx';
import { Icon } from '../shared/icon.tsx';

const OPENABLE = /^(https?:|mailto:|tel:)/i;

/** Where a link of the mail leads. It is opened only from here, by the person, in a tab that knows nothing of this one. */
export function LinkBar({ url, onClose }: { url: string; onClose: () => void }) {
  return (
    <div class="link-bar" role="status">
      <span class="link-bar-url mono">{url === '' ? 'This link leads nowhere' : url}</span>
      <CopyButton text={url} />
      {OPENABLE.test(url) ? (
        <a class="button" href={url} target="_blank" rel="noopener noreferrer">
          <Icon name="external" />
          Open
        </a>
      ) : null}
      <button type="button" class="button quiet square" aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}
