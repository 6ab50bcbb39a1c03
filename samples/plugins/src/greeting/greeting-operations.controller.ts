import { IsIn } from 'class-validator';
import { Authorize, Body, Controller, Delete, HttpCode, Put } from 'rockstar-web';
import { GREETING_VERSIONS, type GreetingVersion, GreetingVersions } from './greeting-versions';

class WantedVersion {
  @IsIn(GREETING_VERSIONS)
  version!: GreetingVersion;
}

/** For operators. It belongs to the application: a plugin that is exchanged is no place for what exchanges it. */
@Controller('/api/plugins/greeting-plugin')
@Authorize('plugins', 'change')
export class GreetingOperations {
  constructor(private readonly versions: GreetingVersions) {}

  @Put('/')
  run(@Body({ consumes: 'json' }) { version }: WantedVersion) {
    return this.versions.run(version);
  }

  @Delete('/')
  @HttpCode(204)
  remove() {
    return this.versions.remove();
  }
}
