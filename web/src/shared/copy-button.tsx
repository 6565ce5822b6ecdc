import { announce } from './announce.tsx';
import { Icon } from './icon.tsx';

/** Copies a text. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    announce('Copied');
  };
  return (
    <button type="button" class="button quiet" onClick={() => void copy()}>
      <Icon name="copy" />
      {label}
    </button>
  );
}
