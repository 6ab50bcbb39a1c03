import { Injectable } from 'rockstar-web';
import type { NewUser } from './new-user';

export interface User extends NewUser {
  readonly id: number;
}

/** Gives each user a number; keeps none of them. */
@Injectable()
export class Users {
  private lastId = 0;

  add(user: NewUser): User {
    this.lastId += 1;
    return { id: this.lastId, ...user };
  }
}
