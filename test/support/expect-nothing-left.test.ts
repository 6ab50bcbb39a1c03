import { Lifetime } from '../../lib/lifetime/lifetime';
import { expectNothingLeft, whatIsInside } from './expect-nothing-left';

class Query {}

describe('expectNothingLeft', () => {
  it('lists what is inside a lifetime by its subject, inner ones indented', () => {
    const root = Lifetime.root();
    const request = root.open('GET /users');
    request.open(new Query());
    request.openScope({ name: 'export' });
    root.open();
    expect(whatIsInside(root)).toEqual(['open: no subject', 'open: GET /users', '  open: export', '  open: Query']);
    root.end('manual');
  });

  it('fails while a promise holds what has ended, and passes once it lets go', () => {
    const root = Lifetime.root();
    const request = root.open('GET /slow');
    const release = request.hold();
    request.end('client');
    expect(() => expectNothingLeft(root)).toThrow('ended, held: GET /slow');
    release();
    expectNothingLeft(root);
  });
});
