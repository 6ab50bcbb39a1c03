import { IsIn } from 'class-validator';
import { Authorize, Body, ConflictError, Controller, HttpCode, Post } from 'rockstar-web';
import { type Mode, MODES, SmallUpstream } from './small-upstream';

class Behaviour {
  @IsIn(MODES)
  mode!: Mode;
}

@Controller('/upstream')
export class UpstreamController {
  constructor(private readonly upstream: SmallUpstream) {}

  /** Lets the small upstream work, or not. */
  @Post('/')
  @HttpCode(200)
  @Authorize('upstream', 'operate')
  behave(@Body() { mode }: Behaviour) {
    if (!this.upstream.isOwn) throw new ConflictError('The upstream is that of UPSTREAM_URL, which nobody here can set.');
    this.upstream.mode = mode;
    return { mode };
  }
}
