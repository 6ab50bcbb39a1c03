import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, DefaultValuePipe, Get, HttpCode, ParseIntPipe, Post, Query, Signal, Timeout } from 'rockstar-web';
import { Between } from './between';

const HOUR_MS = 3_600_000;

/** The same work under three limits: over them the client gets a 504, and the work its signal. */
@Controller('/api')
export class LimitsController {
  @Get('/quick')
  @Timeout(1_000)
  quick(
    @Query('workMs', new DefaultValuePipe(100), ParseIntPipe, new Between(0, HOUR_MS)) workMs: number,
    @Signal() signal: AbortSignal,
  ) {
    return work(workMs, signal);
  }

  @Get('/normal')
  @Timeout(10_000)
  normal(
    @Query('workMs', new DefaultValuePipe(1_000), ParseIntPipe, new Between(0, HOUR_MS)) workMs: number,
    @Signal() signal: AbortSignal,
  ) {
    return work(workMs, signal);
  }

  @Post('/batch')
  @HttpCode(200)
  @Timeout(60_000)
  batch(
    @Query('workMs', new DefaultValuePipe(2_000), ParseIntPipe, new Between(0, HOUR_MS)) workMs: number,
    @Signal() signal: AbortSignal,
  ) {
    return work(workMs, signal);
  }
}

async function work(workMs: number, signal: AbortSignal) {
  await sleep(workMs, undefined, { signal });
  return { status: 'complete', workMs };
}
