import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cancelledBecause, type CancelledError } from '../../lib/lifetime/end-reason';
import { Lifetime } from '../../lib/lifetime/lifetime';
import { ManualClock } from '../../lib/testing/manual-clock';
import { collectGarbage, heapGrowth } from './heap-growth';

function reasonOf(signal: AbortSignal): CancelledError {
  return signal.reason as CancelledError;
}

describe('a task', () => {
  it('ends when its opener says so, and leaves its owner', () => {
    const root = Lifetime.root();
    const task = root.open('a request');
    expect([...root.inside()]).toEqual([task]);
    expect(task).toMatchObject({ subject: 'a request', owner: root, state: 'open', ended: false });

    task.end('finished');
    expect([...root.inside()]).toEqual([]);
    expect(task).toMatchObject({ owner: undefined, state: 'closed', ended: true, reason: 'finished' });
  });

  it('keeps the first reason', () => {
    const task = Lifetime.root().open();
    const release = task.hold();
    task.end('client');
    task.end('deadline');
    release();
    task.end('manual');
    expect(task.reason).toBe('client');
  });

  it('is asked to finish and goes on until its opener ends it', () => {
    const root = Lifetime.root();
    const task = root.open();
    root.finish();
    expect([root.state, task.state]).toEqual(['finishing', 'finishing']);
    task.end('finished');
    expect([root.state, root.reason]).toEqual(['closed', 'finished']);
  });

  it('is over at once inside something that is over', () => {
    const root = Lifetime.root();
    const closed = root.openScope();
    closed.end('finished');
    const ended = root.openScope();
    const release = ended.hold();
    ended.end('deadline');

    expect(closed.open()).toMatchObject({ state: 'closed', reason: 'parent', owner: undefined });
    expect(ended.open()).toMatchObject({ state: 'closed', reason: 'deadline', owner: undefined });
    release();
    expect(ended.state).toBe('closed');
  });
});

describe('a scope', () => {
  it('is over by itself once it was asked to finish and is empty', () => {
    const root = Lifetime.root();
    const scope = root.openScope();
    scope.open().end('finished');
    expect(scope.state).toBe('open');
    scope.finish();
    expect([scope.state, scope.reason]).toEqual(['closed', 'finished']);
    expect(root.state).toBe('open');
  });

  it('waits for what is inside, and for what was opened since', () => {
    const scope = Lifetime.root().openScope();
    const first = scope.open();
    scope.finish();
    const second = scope.open();
    expect(second.state).toBe('finishing');
    first.end('finished');
    expect(scope.state).toBe('finishing');
    second.end('client');
    expect([scope.state, scope.reason]).toEqual(['closed', 'finished']);
  });

  it('is over at once when opened inside something that is finishing, which would wait for it for ever', () => {
    const root = Lifetime.root();
    const task = root.open();
    root.finish();
    expect(root.openScope()).toMatchObject({ state: 'closed', reason: 'finished' });
    task.end('finished');
    expect(root.state).toBe('closed');
  });

  it('is cut with reason shutdown when the grace time is up, and its clock keeps no timer otherwise', async () => {
    const clock = new ManualClock();
    const root = Lifetime.root({ clock });
    const patient = root.openScope();
    const task = patient.open();
    patient.finish(100);
    await clock.advance(99);
    expect(patient.state).toBe('finishing');
    await clock.advance(1);
    expect([patient.state, patient.reason, task.reason]).toEqual(['closed', 'shutdown', 'shutdown']);

    root.finish(100);
    expect([root.state, clock.pending]).toEqual(['closed', 0]);
  });

  it('is cut by the shortest of several grace times', async () => {
    const clock = new ManualClock();
    const scope = Lifetime.root({ clock }).openScope();
    scope.open();
    scope.finish(100);
    scope.finish(10);
    scope.finish();
    await clock.advance(10);
    expect([scope.state, clock.pending]).toEqual(['closed', 0]);
  });
});

describe('the end', () => {
  it('reaches what is inside first, newest first, then its own teardowns, newest first', () => {
    const root = Lifetime.root();
    const order: string[] = [];
    for (const name of ['a', 'b']) {
      const scope = root.openScope();
      scope.defer(() => order.push(`${name}1`));
      scope.open().defer((reason) => order.push(`${name} inside ${reason}`));
      scope.defer(() => order.push(`${name}2`));
    }
    root.defer(() => order.push('root'));
    root.end('shutdown');
    expect(order).toEqual(['b inside shutdown', 'b2', 'b1', 'a inside shutdown', 'a2', 'a1', 'root']);
  });

  it('is parent for what is inside something that finished', () => {
    const root = Lifetime.root();
    const task = root.open();
    root.end('finished');
    expect(task.reason).toBe('parent');
    expect(reasonOf(task.signal).status).toBe(500);
  });

  it('hands its cause on, and with it the status of the root', () => {
    const root = Lifetime.root();
    const task = root.openScope().open();
    const cause = cancelledBecause('deadline');
    root.end('parent', cause);
    expect(reasonOf(task.signal)).toMatchObject({ reason: 'parent', status: 504, cause });
    expect(reasonOf(root.open().signal)).toMatchObject({ reason: 'parent', cause });
  });

  it('runs the other teardowns when some throw, and reports each error', () => {
    const errors: unknown[] = [];
    const root = Lifetime.root({ report: (error) => errors.push(error) });
    const ran: number[] = [];
    for (const number of [1, 2, 3]) {
      root.defer(() => {
        ran.push(number);
        throw number;
      });
    }
    root.end('finished');
    root.defer(() => {
      throw new Error('late');
    });
    expect(ran).toEqual([3, 2, 1]);
    expect(errors).toEqual([3, 2, 1, new Error('late')]);
    expect(root.state).toBe('closed');
  });

  it('warns of an error when nobody is told, or when telling fails', () => {
    // In a process of its own: the runner's `process` does not hear the warnings of the real one.
    const program = `
      const { Lifetime } = require('./lib/lifetime/lifetime');
      const fail = (error) => () => { throw error; };
      const silent = Lifetime.root();
      silent.defer(fail(new Error('teardown')));
      silent.end('finished');
      const broken = Lifetime.root({ report: fail(new Error('report')) });
      broken.defer(fail('no error'));
      broken.end('finished');
      process.on('warning', ({ name, detail }) => console.log(name + ': ' + detail.split('\\n')[0]));
      setImmediate(() => console.log(silent.state, broken.state));`;
    const { stdout } = spawnSync(process.execPath, ['-r', 'ts-node/register/transpile-only', '-e', program], {
      cwd: join(__dirname, '../..'),
      encoding: 'utf8',
    });
    expect(stdout.trim().split('\n')).toEqual([
      'TeardownWarning: Error: teardown',
      "TeardownWarning: 'no error'",
      'TeardownWarning: Error: report',
      'closed closed',
    ]);
  });

  it('runs a teardown that comes after it at once, with its reason', () => {
    const task = Lifetime.root().open();
    task.end('deadline');
    const reasons: string[] = [];
    const undo = task.defer((reason) => reasons.push(reason));
    undo();
    expect(reasons).toEqual(['deadline']);
  });

  it('does not run what was taken back, whichever order it is taken back in', () => {
    const task = Lifetime.root().open();
    const ran: number[] = [];
    const undos = [0, 1, 2, 3, 4].map((number) => task.defer(() => ran.push(number)));
    for (const number of [2, 4, 2, 0]) undos[number]();
    task.end('finished');
    for (const undo of undos) undo();
    expect(ran).toEqual([3, 1]);
  });
});

describe('teardowns that act on lifetimes', () => {
  it('see what is inside torn down first, also when one inside ends what is around it', () => {
    const root = Lifetime.root();
    const order: string[] = [];
    root.defer(() => order.push('root'));
    const scope = root.openScope();
    scope.defer(() => order.push('scope'));
    const task = scope.open();
    task.defer(() => order.push('task, old'));
    task.defer(() => {
      root.end('shutdown');
      order.push(`root is ${root.state}, scope is ${scope.state}, task is ${task.state}`);
    });
    task.end('client');
    expect(order).toEqual(['task, old', 'scope', 'root', 'root is ended, scope is ended, task is ended']);
    expect([root.state, root.reason, scope.reason, task.reason]).toEqual(['closed', 'shutdown', 'shutdown', 'client']);
  });

  it('end siblings without any being left out', () => {
    const root = Lifetime.root();
    const tasks = Array.from({ length: 10 }, () => root.open());
    tasks.forEach((task, at) => {
      task.defer(() => {
        tasks[(at + 3) % 10].end('manual');
        tasks[(at + 9) % 10].end('manual');
        root.open();
      });
    });
    root.end('shutdown');
    expect(tasks.map(({ state }) => state)).toEqual(tasks.map(() => 'closed'));
    expect([...root.inside()]).toEqual([]);
  });

  it('close the next sibling, and those behind it are reached all the same', () => {
    const root = Lifetime.root();
    const [oldest, victim] = [root.open(), root.open()];
    root.openScope().defer(() => victim.end('manual'));
    root.finish();
    expect([victim.state, oldest.state]).toEqual(['closed', 'finishing']);

    const nextVictim = root.open();
    root.open().defer(() => nextVictim.end('manual'));
    root.end('shutdown');
    expect([nextVictim.reason, oldest.reason, root.state]).toEqual(['manual', 'shutdown', 'closed']);
  });

  it('see what is half torn down finished first, also when a sibling was closed on the way there', () => {
    const root = Lifetime.root();
    const order: string[] = [];
    root.defer(() => order.push('root'));
    const halfDown = root.open();
    const victim = root.open();
    root.open().defer(() => victim.end('manual'));
    halfDown.defer(() => order.push('half torn down'));
    halfDown.defer(() => root.end('shutdown'));
    halfDown.end('client');
    expect(order).toEqual(['half torn down', 'root']);
    expect([halfDown.state, victim.reason, root.state]).toEqual(['closed', 'manual', 'closed']);
  });

  it('take a hold that the closing waits for', async () => {
    const root = Lifetime.root();
    const task = root.open();
    let release = (): void => {};
    task.defer(() => {
      release = task.hold();
    });
    const order: string[] = [];
    void task.closed.then(() => order.push('task'));
    void root.closed.then(() => order.push('root'));
    root.end('shutdown');
    expect([task.state, root.state, task.held]).toEqual(['ended', 'ended', true]);
    release();
    release();
    expect([task.state, root.state, task.held]).toEqual(['closed', 'closed', false]);
    await root.closed;
    expect(order).toEqual(['task', 'root']);
  });
});

describe('holds', () => {
  it('keep a finishing scope from ending, and an ended task in the list of its owner', async () => {
    const root = Lifetime.root();
    const scope = root.openScope();
    const task = scope.open();
    const release = task.hold();
    scope.keep();
    scope.finish();
    task.end('client');
    expect([...scope.inside()]).toEqual([task]);
    release();
    expect([task.state, scope.state, scope.ended]).toEqual(['closed', 'finishing', false]);
    scope.letGo();
    expect([scope.state, scope.reason]).toEqual(['closed', 'finished']);
    await expect(scope.closed).resolves.toBeUndefined();
  });

  it('come too late once it is closed', () => {
    const task = Lifetime.root().open();
    task.end('finished');
    const release = task.hold();
    expect(task.held).toBe(false);
    release();
    expect(task.state).toBe('closed');
  });
});

describe('the signals', () => {
  it.each(['client', 'deadline', 'shutdown', 'parent', 'manual'] as const)('are aborted by a cut with reason %s', (reason) => {
    const early = Lifetime.root().open();
    const { signal } = early;
    early.end(reason);
    expect(signal.aborted).toBe(true);
    expect(reasonOf(signal)).toMatchObject({ name: 'CancelledError', code: 'REQUEST_CANCELLED', reason });
    expect(early.signal).toBe(signal);

    const late = Lifetime.root().open();
    late.end(reason);
    expect(reasonOf(late.signal).reason).toBe(reason);
  });

  it('stay quiet at a normal end', () => {
    const task = Lifetime.root().open();
    const { signal, finishing } = task;
    task.end('finished');
    const unread = Lifetime.root().open();
    unread.end('finished');
    expect([signal.aborted, finishing.aborted, unread.signal.aborted]).toEqual([false, false, false]);
  });

  it('tell of the soft moment when it is finishing, inner first and before it is over', () => {
    const root = Lifetime.root();
    const scope = root.openScope();
    const task = root.open();
    const order: string[] = [];
    const listen = (name: string, { finishing }: Lifetime): void =>
      finishing.addEventListener('abort', () => order.push(`${name} ${reasonOf(finishing).reason}`));
    listen('root', root);
    listen('scope', scope);
    listen('task', task);
    scope.defer(() => order.push('scope is over'));
    root.finish();
    root.finish();
    expect(order).toEqual(['task shutdown', 'scope shutdown', 'scope is over', 'root shutdown']);
    expect(task.signal.aborted).toBe(false);
  });

  it('tell of it once without a signal, at once when that is past, and not who takes it back', () => {
    const reported: unknown[] = [];
    const root = Lifetime.root({ report: (error) => reported.push(error) });
    const task = root.open();
    const told: string[] = [];
    const failure = new Error('a listener');
    task.whenFinishing(() => {
      throw failure;
    });
    task.whenFinishing(() => told.push('task'));
    task.whenFinishing(() => told.push('taken back'))();
    root.whenFinishing(() => told.push('root'));
    root.finish();
    root.finish();
    task.whenFinishing(() => told.push('late'))();
    expect(told).toEqual(['task', 'root', 'late']);
    expect(reported).toEqual([failure]);
    task.end('finished');
  });

  it('tell of it before the root, emptied by that, is over', () => {
    const root = Lifetime.root();
    root.openScope();
    const order: string[] = [];
    root.finishing.addEventListener('abort', () => order.push(root.state));
    root.defer(() => order.push('over'));
    root.finish();
    expect(order).toEqual(['finishing', 'over']);
  });

  it('tell of it to what is opened later, and read later', () => {
    const root = Lifetime.root();
    const before = root.open();
    root.finish();
    expect([before.finishing.aborted, root.open().finishing.aborted, root.finishing.aborted]).toEqual([true, true, true]);
  });
});

describe('what is inside', () => {
  it('is read newest first, and may be ended or opened meanwhile', () => {
    const root = Lifetime.root();
    for (const subject of ['a', 'b', 'c', 'd']) root.open(subject);
    const read: unknown[] = [];
    for (const task of root.inside()) {
      read.push(task.subject);
      task.end('manual');
      if (task.subject === 'c') [...root.inside()].find(({ subject }) => subject === 'b')!.end('manual');
      if (task.subject === 'd') root.open('e');
    }
    expect(read).toEqual(['d', 'c', 'a']);
    expect([...root.inside()].map(({ subject }) => subject)).toEqual(['e']);
  });
});

describe('what is over', () => {
  it('leaves nothing behind after 100,000 openings', () => {
    const root = Lifetime.root();
    const living = root.open('stays');
    const grown = heapGrowth(() => {
      for (let i = 0; i < 100_000; i++) {
        const task = root.open();
        task.defer(() => {});
        task.end('finished');
      }
    });
    expect([...root.inside()]).toEqual([living]);
    expect(grown).toBeLessThan(2_000_000);
  });

  it('leaves nothing behind when teardowns come and go, one always standing above the last', () => {
    const root = Lifetime.root();
    const grown = heapGrowth(() => {
      let undoLast = root.defer(() => {});
      for (let i = 0; i < 100_000; i++) {
        const undo = root.defer(() => {});
        undoLast();
        undoLast = undo;
      }
      undoLast();
    });
    expect(grown).toBeLessThan(2_000_000);
  });

  it('keeps none of its neighbours alive, nor what it was torn down with, when somebody keeps it', async () => {
    const root = Lifetime.root();
    function openAndEnd(): { kept: Lifetime; undo: () => void; gone: WeakRef<object>[] } {
      const older = root.open();
      const kept = root.open();
      const newer = root.open();
      const captured = { by: 'a teardown' };
      const undo = kept.defer(() => void captured.by);
      kept.defer(() => void captured);
      for (const task of [kept, older, newer]) task.end('finished');
      return { kept, undo, gone: [older, newer, captured].map((one) => new WeakRef(one)) };
    }
    const { kept, undo, gone } = openAndEnd();
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(gone.map((one) => one.deref())).toEqual([undefined, undefined, undefined]);
    undo();
    expect(kept.state).toBe('closed');
  });
});
