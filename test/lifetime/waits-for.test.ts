import { Lifetime } from '../../lib/lifetime/lifetime';
import { WaitsFor, waitIn } from '../../lib/lifetime/waits-for';

const QUERY = new WaitsFor('query');
const UPSTREAM = new WaitsFor('upstream');

describe('what work waits for', () => {
  it('is nothing while nothing in it says so', () => {
    const work = Lifetime.root().open('work');
    work.open('a part').open();
    expect(waitIn(work)).toBeUndefined();
  });

  it('is said by the newest thing opened in it that is not over', () => {
    const work = Lifetime.root().open('work');
    const query = work.open(QUERY);
    const call = work.open(UPSTREAM);
    work.open('a part');
    expect(waitIn(work)).toBe('upstream');
    call.end('finished');
    expect(waitIn(work)).toBe('query');
    query.end('finished');
    expect(waitIn(work)).toBeUndefined();
  });

  it('is said by the innermost', () => {
    const work = Lifetime.root().open('work');
    work.open(UPSTREAM).open('between').open(QUERY);
    expect(waitIn(work)).toBe('query');
  });

  it('is still said by what was cut and is held until its cancelling is through', () => {
    const work = Lifetime.root().open('work');
    const query = work.open(QUERY);
    const release = query.hold();
    work.end('client');
    expect({ waits: waitIn(work), occupied: work.occupied }).toEqual({ waits: 'query', occupied: true });
    release();
    expect({ waits: waitIn(work), occupied: work.occupied, state: work.state }).toEqual({
      waits: undefined,
      occupied: false,
      state: 'closed',
    });
  });
});
