import { useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icon.tsx';
import type { Rendered } from './contract.ts';
import { LinkBar } from './link-bar.tsx';
import { MailFrame } from './mail-frame.tsx';
import { MAX_WIDTH_PX, MIN_WIDTH_PX, setView, view } from './view-state.ts';

/** The mail in its frame: as wide, as bright and as large as the view says. */
export function Stage({ mail, isStale }: { mail: Rendered; isStale: boolean }) {
  const { widthPx, scheme, hasImages, zoom } = view.value;
  const [link, setLink] = useState<string | null>(null);
  const [dragged, setDragged] = useState<number | null>(null);
  const scale = zoom / 100;
  const width = dragged ?? widthPx;
  const src = `/ui/frames/preview/${mail.frame}?scheme=${scheme}&images=${hasImages ? '1' : '0'}`;
  return (
    <div class="stage" data-stale={isStale} data-fixed={width !== null}>
      <div class="stage-sheet" style={width === null ? {} : { width: `${width * scale}px` }}>
        <div
          class="stage-zoom"
          style={{ width: `${100 / scale}%`, height: `${100 / scale}%`, transform: `scale(${scale})` }}
        >
          <MailFrame
            src={src}
            title={`Mail: ${mail.subject ?? mail.facts.name}`}
            scrollKey={mail.facts.name}
            onLink={setLink}
          />
        </div>
        <WidthHandle
          width={width}
          scale={scale}
          onDrag={setDragged}
          onEnd={(end) => {
            setDragged(null);
            setView({ widthPx: end });
          }}
        />
      </div>
      {link === null ? null : <LinkBar url={link} onClose={() => setLink(null)} />}
    </div>
  );
}

type HandleProps = {
  width: number | null;
  scale: number;
  onDrag: (width: number) => void;
  onEnd: (width: number) => void;
};

const STEP_PX = 10;

/** The frame's right edge: drag it, or press the arrow keys. */
function WidthHandle({ width, scale, onDrag, onEnd }: HandleProps) {
  const start = useRef<{ x: number; width: number } | null>(null);
  const widthAt = (event: PointerEvent): number => {
    // Both edges move, because the sheet is in the middle.
    const moved = start.current ? ((event.clientX - start.current.x) * 2) / scale : 0;
    return clamp((start.current?.width ?? 0) + moved);
  };
  const measure = (handle: HTMLElement): number =>
    width ?? clamp((handle.parentElement?.clientWidth ?? MIN_WIDTH_PX) / scale);
  return (
    <div
      class="stage-handle"
      role="separator"
      tabIndex={0}
      aria-label="Width of the mail"
      aria-orientation="vertical"
      aria-valuemin={MIN_WIDTH_PX}
      aria-valuemax={MAX_WIDTH_PX}
      aria-valuenow={width ?? MAX_WIDTH_PX}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width: measure(event.currentTarget) };
      }}
      onPointerMove={(event) => (start.current ? onDrag(widthAt(event)) : undefined)}
      onPointerUp={(event) => {
        if (start.current) onEnd(widthAt(event));
        start.current = null;
      }}
      onKeyDown={(event) => {
        const step = event.key === 'ArrowRight' ? STEP_PX : event.key === 'ArrowLeft' ? -STEP_PX : 0;
        if (step === 0) return;
        event.preventDefault();
        onEnd(clamp(measure(event.currentTarget) + step));
      }}
    >
      <Icon name="chevron" />
    </div>
  );
}

function clamp(width: number): number {
  return Math.round(Math.min(Math.max(width, MIN_WIDTH_PX), MAX_WIDTH_PX));
}
