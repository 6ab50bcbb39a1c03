import { ConsecutiveWindow } from './consecutive-window';
import { CountWindow } from './count-window';
import type { OutcomeWindow, WindowOptions } from './outcome-window';
import { TimeWindow } from './time-window';

export function openWindow(options: WindowOptions): OutcomeWindow {
  if (options.kind === 'consecutive') return new ConsecutiveWindow();
  return options.kind === 'count' ? new CountWindow(options.calls) : new TimeWindow(options.durationMs);
}
