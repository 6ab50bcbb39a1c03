import { Controller, DefaultValuePipe, Get, ParseFloatPipe, Query, RequestContext, Timeout } from 'rockstar-web';
import { Between } from './between';
import { DEADLINE_MS } from './settings';
import { Users } from './users';

/** Queries that end with their request, in the database too. */
@Controller('/api')
export class DataController {
  constructor(private readonly users: Users) {}

  /** `ctx.db` is bound to this request: at the deadline, or when the client leaves, PostgreSQL stops working on it. */
  @Get('/data')
  @Timeout(DEADLINE_MS)
  async data(
    ctx: RequestContext,
    @Query('seconds', new DefaultValuePipe(1), ParseFloatPipe, new Between(0, 3_600)) seconds: number,
  ) {
    const [row] = await ctx.db.query('SELECT $1::float8 AS seconds, now() AS "startedAt" FROM pg_sleep($1)', [seconds]);
    return row;
  }

  /** What is returned row by row is sent as lines of JSON; a client that stops reading stops the rows. */
  @Get('/users')
  all() {
    return this.users.all();
  }
}
