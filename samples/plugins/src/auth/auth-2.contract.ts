import { IsString, Length } from 'class-validator';
import { serviceRef } from 'rockstar-web';

/** Who somebody is. */
export class Identity {
  @IsString()
  @Length(1, 50)
  user!: string;
}

/** What `auth` is in 2.x: it makes tokens, too, and says more than a name. */
export interface AuthService2 {
  issue(user: string): Promise<string>;
  verify(token: string): Promise<Identity | undefined>;
}

/** What goes in and what comes out is looked at whenever it is called: each side is another's code. */
export const AUTH_2 = serviceRef<AuthService2>('auth-plugin', 'auth', {
  contract: {
    issue: { arguments: [String], result: String },
    verify: { arguments: [String], result: Identity },
  },
});
