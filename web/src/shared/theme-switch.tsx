import { Icon } from './icon.tsx';
import { Segments } from './segments.tsx';
import { theme } from './theme.ts';

/** Light, dark, or as the system has it. */
export function ThemeSwitch() {
  return (
    <Segments
      label="Colours of this page"
      value={theme.value ?? 'system'}
      onChange={(value) => {
        theme.value = value === 'system' ? null : value;
      }}
      segments={[
        { value: 'system', label: 'As the system', content: <Icon name="system" /> },
        { value: 'light', label: 'Light', content: <Icon name="sun" /> },
        { value: 'dark', label: 'Dark', content: <Icon name="moon" /> },
      ]}
    />
  );
}
