import type { AnchorHTMLAttributes } from 'preact';
import { isPlainClick, navigate } from './router.ts';

/** A link between these pages: changes the address without loading the page anew. */
export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const go = (event: MouseEvent): void => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    navigate(href);
  };
  return <a href={href} onClick={go} {...rest} />;
}
