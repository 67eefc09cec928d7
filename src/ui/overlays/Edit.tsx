import { Composer } from '../components/Composer.tsx';
import { Frame } from '../components/Frame.tsx';
import type { Rect } from '../layout.ts';
import type { Overlay } from '../state/state.ts';

export function Edit({ overlay, rect }: { overlay: Extract<Overlay, { kind: 'edit' }>; rect: Rect }) {
  return (
    <Frame
      title={overlay.title}
      note="Enter saves, Esc leaves it as it was"
      focused
      width={rect.width}
      height={rect.height}
    >
      <Composer
        state={overlay.composer}
        x={rect.x + 1}
        y={rect.y + 1}
        width={rect.width - 2}
        height={rect.height - 2}
        focused
        prompt=" "
      />
    </Frame>
  );
}
