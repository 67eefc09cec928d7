import type { ReactNode } from 'react';
import type { Rect, Regions } from './layout.ts';
import { AlternativesOverlay } from './overlays/Alternatives.tsx';
import { Choose, Confirm, Steps } from './overlays/Choose.tsx';
import { ContextOverlay } from './overlays/Context.tsx';
import { Edit } from './overlays/Edit.tsx';
import { Exhibits } from './overlays/Exhibits.tsx';
import { Label } from './overlays/Label.tsx';
import { Help, Models, Palette, Seats } from './overlays/Lists.tsx';
import { Turing } from './overlays/Turing.tsx';
import { WhyOverlay } from './overlays/Why.tsx';
import { Evaluate } from './screens/evaluate/Evaluate.tsx';
import { Loop } from './screens/loop/Loop.tsx';
import { Review, Statistics } from './screens/review/Review.tsx';
import { Runs } from './screens/runs/Runs.tsx';
import { Sessions } from './screens/Sessions.tsx';
import type { AppState, Overlay } from './state/state.ts';

/** The screens other than Chat. */
export function screen(state: AppState, regions: Regions): ReactNode {
  switch (state.screen) {
    case 'sessions':
      return <Sessions state={state} regions={regions} />;
    case 'review':
      return <Review state={state} regions={regions} />;
    case 'evaluate':
      return <Evaluate state={state} regions={regions} />;
    case 'loop':
      return <Loop state={state} regions={regions} />;
    default:
      return <Runs state={state} regions={regions} />;
  }
}

/** What lies on a screen. */
export function onTop(state: AppState, overlay: Overlay, rect: Rect): ReactNode {
  switch (overlay.kind) {
    case 'help':
      return <Help state={state} overlay={overlay} rect={rect} />;
    case 'palette':
      return <Palette state={state} overlay={overlay} rect={rect} />;
    case 'seats':
      return <Seats overlay={overlay} rect={rect} />;
    case 'models':
      return <Models state={state} overlay={overlay} rect={rect} />;
    case 'alternatives':
      return <AlternativesOverlay state={state} overlay={overlay} rect={rect} />;
    case 'label':
      return <Label overlay={overlay} rect={rect} />;
    case 'exhibits':
      return <Exhibits overlay={overlay} rect={rect} />;
    case 'turing':
      return <Turing overlay={overlay} rect={rect} />;
    case 'why':
      return <WhyOverlay overlay={overlay} rect={rect} />;
    case 'context':
      return <ContextOverlay overlay={overlay} rect={rect} />;
    case 'edit':
      return <Edit overlay={overlay} rect={rect} />;
    case 'choose':
      return <Choose overlay={overlay} rect={rect} />;
    case 'confirm':
      return <Confirm overlay={overlay} rect={rect} />;
    case 'statistics':
      return <Statistics state={state} overlay={overlay} rect={rect} />;
    case 'steps':
      return <Steps overlay={overlay} rect={rect} />;
  }
}
