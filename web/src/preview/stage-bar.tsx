import type { ComponentChildren } from 'preact';
import { Icon } from '../shared/icon.tsx';
import { Segments } from '../shared/segments.tsx';
import { type Scheme, setView, view } from './view-state.ts';

const WIDTHS = { phone: 390, tablet: 768 } as const;
const ZOOMS = [50, 75, 100, 125, 150] as const;

/** How the mail is shown. */
export function StageBar({
  hasDarkRules,
  children,
}: {
  hasDarkRules: boolean;
  children?: ComponentChildren;
}) {
  const { hasImages, zoom } = view.value;
  return (
    <div class="stage-bar">
      <Widths />
      <Schemes hasDarkRules={hasDarkRules} />
      <button
        type="button"
        class="button quiet"
        aria-pressed={hasImages}
        title="Load images of the network, by https"
        onClick={() => setView({ hasImages: !hasImages })}
      >
        <Icon name="image" />
        Images
      </button>
      <select
        class="select"
        aria-label="Zoom"
        value={String(zoom)}
        onChange={(event) => setView({ zoom: Number(event.currentTarget.value) })}
      >
        {ZOOMS.map((value) => (
          <option key={value} value={String(value)}>
            {value} %
          </option>
        ))}
      </select>
      {children}
    </div>
  );
}

function Widths() {
  const { widthPx } = view.value;
  const name = Object.entries(WIDTHS).find(([, width]) => width === widthPx)?.[0];
  return (
    <>
      <Segments
        label="Width"
        value={widthPx === null ? 'desktop' : (name ?? 'other')}
        onChange={(value) => setView({ widthPx: value === 'desktop' ? null : WIDTHS[value] })}
        segments={[
          { value: 'phone', label: `Phone, ${WIDTHS.phone} pixels`, content: <Icon name="phone" /> },
          { value: 'tablet', label: `Tablet, ${WIDTHS.tablet} pixels`, content: <Icon name="tablet" /> },
          { value: 'desktop', label: 'Desktop, all the room', content: <Icon name="desktop" /> },
        ]}
      />
      <span class="stage-width mono">{widthPx === null ? 'auto' : `${widthPx} px`}</span>
    </>
  );
}

function Schemes({ hasDarkRules }: { hasDarkRules: boolean }) {
  const dark = hasDarkRules ? 'Dark, by the rules of the mail' : 'Dark: the mail has no rules for it';
  return (
    <Segments<Scheme>
      label="Colour scheme of the mail"
      value={view.value.scheme}
      onChange={(scheme) => setView({ scheme })}
      segments={[
        { value: 'light', label: 'Light', content: <Icon name="sun" /> },
        { value: 'dark', label: dark, content: <Icon name="moon" /> },
        {
          value: 'forced',
          label: 'Dark, colours turned as some clients do',
          content: <Icon name="invert" />,
        },
      ]}
    />
  );
}
