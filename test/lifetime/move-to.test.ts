import { Lifetime } from '../../lib/lifetime/lifetime';

describe('a lifetime that goes over to another owner', () => {
  it('keeps its new owner from ending, and its old one no more', () => {
    const root = Lifetime.root();
    const [before, after] = [root.openScope(), root.openScope()];
    const task = before.open('the task');
    task.moveTo(after);
    expect([...before.inside()]).toEqual([]);
    expect([...after.inside()]).toEqual([task]);
    before.finish();
    after.finish();
    expect([before.state, after.state, task.state]).toEqual(['closed', 'finishing', 'finishing']);
    task.end('finished');
    expect(after.state).toBe('closed');
  });

  it('is cut with its new owner', () => {
    const root = Lifetime.root();
    const [before, after] = [root.openScope(), root.openScope()];
    const task = before.open();
    task.moveTo(after);
    before.end('manual');
    expect(task.state).toBe('open');
    after.end('shutdown');
    expect([task.state, task.reason]).toEqual(['closed', 'shutdown']);
  });

  it('is over in something that is over', () => {
    const root = Lifetime.root();
    const [before, after] = [root.openScope(), root.openScope()];
    const task = before.open();
    after.end('shutdown');
    task.moveTo(after);
    expect(task.reason).toBe('shutdown');
    before.finish();
    expect(before.state).toBe('closed');
    root.end('finished');
    expect(root.state).toBe('closed');
  });

  it('stays where it is when it is there, or closed', () => {
    const root = Lifetime.root();
    const owner = root.openScope();
    const task = owner.open();
    task.moveTo(owner);
    expect([...owner.inside()]).toEqual([task]);
    task.end('finished');
    task.moveTo(root);
    expect([...root.inside()]).toEqual([owner]);
    root.end('finished');
  });
});
