import {
  type ApplicationReport,
  exportService,
  ImportService,
  Injectable,
  inspectApplication,
  Module,
  Plugin,
  serviceRef,
} from 'rockstar-web';
import { toMermaid } from '../../lib/cli/graph-as-mermaid';
import { toText } from '../../lib/cli/graph-as-text';

interface Auth {
  verify(): boolean;
}
const AUTH = serviceRef<Auth>('auth-plugin', 'auth');
const FAX = serviceRef<Auth>('fax-plugin', 'fax');

@Injectable()
class Verifier implements Auth {
  verify() {
    return true;
  }
}
@Injectable()
class Clock {}
@Injectable()
class Users {
  constructor(
    readonly clock: Clock,
    @ImportService(AUTH, { version: '^2' }) readonly auth: Auth,
    @ImportService(FAX, { optional: true }) readonly fax: Auth | undefined,
  ) {}
}
@Module({ providers: [Clock], exports: [Clock] })
class TimeModule {}
const verifier = { providers: [Verifier], exports: [exportService(AUTH, Verifier, { description: 'Says "yes"' })] };
@Plugin({ name: 'auth-plugin', version: '1.4.0', ...verifier })
class OldAuthPlugin {}
@Plugin({ name: 'auth-plugin', version: '2.0.0', description: 'Who somebody is', ...verifier })
class AuthPlugin {}
@Plugin({ name: 'user-plugin', version: '1.0.0', imports: [TimeModule], providers: [Users], dependencies: ['news-plugin'] })
class UserPlugin {}
@Plugin({ name: 'news-plugin', version: '0.1.0' })
class NewsPlugin {}
@Module({ imports: [AuthPlugin, OldAuthPlugin, TimeModule, NewsPlugin, UserPlugin] })
class App {}

let report: ApplicationReport;
beforeAll(async () => {
  report = await inspectApplication(App);
});

it('the graph as text has plugins in the order of starting, what each offers, and what each is given', () => {
  expect(report.mistakes).toEqual([]);
  expect(toText(report)).toBe(
    `auth-plugin@2.0.0 (AuthPlugin): Who somebody is
  provides  Verifier
  offers    auth 2.0.0: Says "yes"

auth-plugin@1.4.0 (OldAuthPlugin)
  provides  Verifier
  offers    auth 1.4.0: Says "yes"

TimeModule
  provides  Clock
  exports   Clock

news-plugin@0.1.0 (NewsPlugin)

user-plugin@1.0.0 (UserPlugin)
  imports   TimeModule
  provides  Users
  uses      Clock of TimeModule
  after     news-plugin@0.1.0
  asks for  auth-plugin.auth ^2: 2.0.0 of auth-plugin@2.0.0
            fax-plugin.fax, optional: no plugin fax-plugin is loaded

App
  imports   auth-plugin@2.0.0, auth-plugin@1.4.0, TimeModule, news-plugin@0.1.0, user-plugin@1.0.0`,
  );
});

it('the graph as Mermaid has a node for each module and service, and an arrow for each import, with its range', () => {
  expect(toMermaid(report)).toBe(
    `graph LR
  m0(["auth-plugin@2.0.0"])
  m1(["auth-plugin@1.4.0"])
  m2["TimeModule"]
  m3(["news-plugin@0.1.0"])
  m4(["user-plugin@1.0.0"])
  m5["App"]
  s6{{"auth 2.0.0"}}
  s7{{"auth 1.4.0"}}
  x8>"fax-plugin.fax: missing"]
  m0 === s6
  m1 === s7
  m4 -->|"Clock"| m2
  m4 -->|"^2"| s6
  m4 -.->|"any version, optional"| x8
  m4 -.->|"after"| m3
  m5 -.-> m0
  m5 -.-> m1
  m5 -.-> m2
  m5 -.-> m3
  m5 -.-> m4`,
  );
});
