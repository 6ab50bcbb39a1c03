import { Body, Controller, Get, Param, ParseIntPipe, Post, Query, RequestContext } from 'rockstar-web';
import { NewUser } from './new-user';
import { type User, Users } from './users';

@Controller('/users')
export class UsersController {
  constructor(private readonly users: Users) {}

  @Get('/:id')
  one(@Param('id', ParseIntPipe) id: number, @Query('verbose') verbose: boolean = false) {
    return { id, verbose };
  }

  @Post('/')
  create(@Body({ consumes: 'json' }) user: NewUser, ctx: RequestContext): User {
    const created = this.users.add(user);
    ctx.setHeader('Location', `/users/${created.id}`);
    return created;
  }
}
