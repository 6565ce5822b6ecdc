import { render } from 'preact';
import { App } from './app.tsx';
import { startTheme } from './shared/theme.ts';

const root = document.getElementById('app');
if (root) {
  startTheme();
  render(<App />, root);
}
