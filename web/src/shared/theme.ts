import { stored } from './stored.ts';

/** What the pages look like; null follows the system. */
export const theme = stored('theme');

/** Keeps the document in the chosen theme. */
export function startTheme(): void {
  theme.subscribe((value) => {
    if (value === null) delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = value;
  });
}
