import { render } from 'preact';
import { App } from './app.tsx';
import { startSession } from './shared/session.ts';
import { startTheme } from './shared/theme.ts';

const root = document.getElementById('app');
if (root) {
  startTheme();
  startSession();
  render(<App />, root);
}
