import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Frame } from './metrics.service';
import { round } from './readings';

/** How much the process does, from one reading to the next. */
export class ProcessWatch {
  private cpu = process.cpuUsage();
  private loop: EventLoopUtilization = performance.eventLoopUtilization();

  read(elapsedMs: number): Frame['process'] {
    const cpu = process.cpuUsage(this.cpu);
    const loop = performance.eventLoopUtilization();
    const eventLoop = round(performance.eventLoopUtilization(loop, this.loop).utilization, 3);
    this.cpu = process.cpuUsage();
    this.loop = loop;
    return {
      uptimeMs: Math.round(process.uptime() * 1_000),
      memoryBytes: process.memoryUsage.rss(),
      cpu: round((cpu.user + cpu.system) / 1_000 / elapsedMs, 3),
      eventLoop,
    };
  }
}
