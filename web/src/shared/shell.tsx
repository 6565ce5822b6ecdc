import type { ComponentChildren } from 'preact';
import { Announcements } from './announce.tsx';
import { connection } from './events.ts';
import type { PartName } from '../parts.ts';
import { features } from './features.ts';
import { Icon, type IconName } from './icon.tsx';
import { Link } from './link.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

const PLACES: readonly { part: PartName; href: string; label: string; icon: IconName }[] = [
  { part: 'preview', href: '/preview', label: 'Templates', icon: 'mail' },
  { part: 'inbox', href: '/inbox', label: 'Inbox', icon: 'inbox' },
];

/** What is around every page. A page's content is one `<main>` that scrolls inside itself. */
export function Shell({ current, children }: { current: PartName | null; children: ComponentChildren }) {
  const places = PLACES.filter(({ part }) => features.parts.includes(part));
  const here = current === 'message' ? 'inbox' : current;
  return (
    <div class="shell">
      <header class="shell-bar">
        <nav class="shell-nav" aria-label="Pages">
          {places.map(({ part, href, label, icon }) => (
            <Link key={part} class="shell-link" href={href} aria-current={part === here ? 'page' : undefined}>
              <Icon name={icon} />
              {label}
            </Link>
          ))}
        </nav>
        {connection.value === 'lost' ? <p class="shell-lost">The server is away; trying again …</p> : null}
        <ThemeSwitch />
      </header>
      {children}
      <Announcements />
    </div>
  );
}
