// Where things run, and what they use of the machine.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const SERVER_CPU = 0;
const LOAD_CPU = 1;

function canPin() {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['-acp', String(LOAD_CPU), String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether servers and load have a core each. The load is this process; asking pins it. */
export const pinned = canPin();

/** The command that runs on the servers' core. */
export function onServerCpu(command) {
  return pinned ? ['taskset', '-c', String(SERVER_CPU), ...command] : command;
}

/** CPU time in nanoseconds that all threads of a process have used so far; what it waited for a core is not in it. */
export function cpuNsOf(pid) {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // The thread ended between the two calls.
    }
  }
  return sum;
}

const TICK_MS = 10;

/** Milliseconds that all cores together were busy since the machine started, time stolen by its host included. */
function busyMs() {
  const [user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + steal) * TICK_MS;
}

/** Starts to watch what others do on this machine. Out: a function that tells their share of it since then, 0 to 1. */
export function watchOthers(pids) {
  const own = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3 + pids.reduce((sum, pid) => sum + cpuNsOf(pid) / 1e6, 0);
  };
  const start = { busy: busyMs(), own: own(), at: performance.now() };
  return () => {
    const others = busyMs() - start.busy - (own() - start.own);
    return Math.max(0, others / ((performance.now() - start.at) * cpus().length));
  };
}

/** Waits until others leave the machine alone, but no longer than `mostMs`. */
export async function quiet(mostMs) {
  for (const end = performance.now() + mostMs; performance.now() < end;) {
    const others = watchOthers([]);
    await sleep(150);
    if (others() < 0.1) return;
  }
}

export function describeMachine() {
  const [cpu] = cpus();
  const where = pinned
    ? `servers on CPU ${SERVER_CPU}, load on CPU ${LOAD_CPU}`
    : 'not pinned (no taskset, or one core): expect more noise';
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, Node ${process.version}, ${process.platform}; ${where}`;
}
