/** How many resources of each kind keep the process alive: sockets, servers, timers, requests under way. */
export type OpenResources = ReadonlyMap<string, number>;

/** What is open now. Timers that were unreferenced are not in it: they keep nothing alive. */
export function openResources(): OpenResources {
  const count = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) count.set(kind, (count.get(kind) ?? 0) + 1);
  return count;
}

/** The kinds of which there are more than before, as `2 TCPSocketWrap`. */
export function leftOpen(before: OpenResources, now: OpenResources): string[] {
  const more: string[] = [];
  for (const [kind, count] of now) {
    const extra = count - (before.get(kind) ?? 0);
    if (extra > 0) more.push(`${extra} ${kind}`);
  }
  return more.sort();
}

const TURNS_BEFORE_WAITING = 10;
const WAIT_MS = 10;

/**
 * Gives what is closing its time, and says what is open still.
 *
 * In: what was open before; how long to wait at most. Most endings need a few turns of the event loop;
 * a socket's last packet may need a few milliseconds.
 */
export async function whatStaysOpen(before: OpenResources, withinMs: number): Promise<string[]> {
  const untilMs = performance.now() + withinMs;
  for (let turn = 0; ; turn++) {
    const left = leftOpen(before, openResources());
    if (left.length === 0 || performance.now() > untilMs) return left;
    await (turn < TURNS_BEFORE_WAITING ? nextTurn() : new Promise((resolve) => setTimeout(resolve, WAIT_MS)));
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
