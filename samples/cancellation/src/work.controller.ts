import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, DefaultValuePipe, Get, ParseIntPipe, Query, RequestContext, Timeout } from 'rockstar-web';
import { Observable } from 'rxjs';
import { Between } from './between';
import { DEADLINE_MS } from './settings';

const STEP_MS = 100;

/** Work of many kinds. What it returns or looks at decides how soon it stops. */
@Controller('/api')
export class WorkController {
  /**
   * Passes its signal on: `sleep` rejects at once when the client leaves, the time runs out or the application stops, and
   * the step under way is the last.
   */
  @Get('/long-task')
  @Timeout(0)
  async longTask(
    ctx: RequestContext,
    @Query('steps', new DefaultValuePipe(100), ParseIntPipe, new Between(1, 10_000)) steps: number,
  ) {
    for (let step = 1; step <= steps; step++) {
      await sleep(STEP_MS, undefined, { signal: ctx.signal });
      if (step % 10 === 0) ctx.logger.debug('still at it', { step, steps });
    }
    return { status: 'complete', steps };
  }

  /** Knows nothing of cancellation. Its client is free to go, but the work goes on, and is listed until it ends. */
  @Get('/task')
  async task() {
    await sleep(3_000);
    return { status: 'complete' };
  }

  /**
   * Sends what it has when its time is nearly over or the application is asked to stop: that is the soft moment
   * (`finishing`), and a tenth of the time, a second at most, is left then. When the client leaves it stops at once.
   */
  @Get('/batch-process')
  @Timeout(DEADLINE_MS)
  async batchProcess(
    ctx: RequestContext,
    @Query('items', new DefaultValuePipe(10), ParseIntPipe, new Between(0, 100_000)) items: number,
  ) {
    const stop = AbortSignal.any([ctx.signal, ctx.finishing]);
    const results: { readonly item: number; readonly square: number }[] = [];
    for (let item = 1; item <= items && !stop.aborted; item++) {
      const isThrough = await sleep(STEP_MS, true, { signal: stop }).catch(() => false);
      if (isThrough) results.push({ item, square: item * item });
    }
    ctx.signal.throwIfAborted();
    return { status: results.length === items ? 'complete' : 'partial', results };
  }

  /** An Observable needs no signal: it is unsubscribed, and its own teardown runs, once. */
  @Get('/observable')
  observable(ctx: RequestContext) {
    return new Observable<{ readonly status: string }>((subscriber) => {
      const timer = setTimeout(() => {
        subscriber.next({ status: 'complete' });
        subscriber.complete();
      }, 3_000);
      return () => {
        clearTimeout(timer);
        ctx.logger.debug('the timer of the Observable is cleared');
      };
    });
  }
}
