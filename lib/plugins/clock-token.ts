import type { Clock } from '../lifetime/clock';
import { token } from './service-token';

/** Where the application's time comes from: `@Inject(CLOCK) private readonly clock: Clock`. Always there to be injected. */
export const CLOCK = token<Clock>('CLOCK');
