import { Controller, Get, Header, Param, Push, RequestContext } from 'rockstar-web';

/** What routes say of themselves beforehand, so that it is known before they run: they may be hinted, and are fresh for a minute. */
const FOR_A_MINUTE = 'private, max-age=60';

const WEEK = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

@Controller('/api')
@Header('cache-control', FOR_A_MINUTE)
export class ApiController {
  @Get('/dashboard/data')
  dashboard() {
    const series = (name: string, step: number) => ({
      name,
      points: WEEK.map((day, at) => ({ day, value: 20 + ((at * step) % 60) })),
    });
    return { series: [series('Visits', 17), series('Orders', 29), series('Returns', 41)] };
  }

  @Get('/config')
  config() {
    return { name: 'Rockstar Pixels', theme: 'dark', features: ['push', 'hints', 'links'] };
  }

  /** Whoever asks for a user will ask for these next: they are on their way before the answer is. */
  @Get('/users/:id')
  @Push('/api/users/:id/posts', '/api/users/:id/profile-image')
  user(@Param('id') id: number) {
    return { id, name: nameOf(id), posts: `/api/users/${id}/posts`, image: `/api/users/${id}/profile-image` };
  }

  @Get('/users/:id/posts')
  posts(@Param('id') id: number) {
    return [1, 2, 3].map((at) => ({ id: id * 10 + at, title: `${nameOf(id)} on push, part ${at}` }));
  }

  @Get('/users/:id/profile-image')
  @Header('content-type', 'image/svg+xml')
  image(@Param('id') id: number): string {
    const hue = (id * 47) % 360;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><circle cx="32" cy="32" r="32" fill="hsl(${hue} 60% 45%)"/><text x="32" y="42" font-family="sans-serif" font-size="28" text-anchor="middle" fill="#fff">${nameOf(id).charAt(0)}</text></svg>`;
  }

  @Get('/tiles/:number')
  tile(@Param('number') number: number, ctx: RequestContext) {
    return { number, path: ctx.path };
  }
}

const NAMES = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Radia'];

function nameOf(id: number): string {
  return NAMES[Math.abs(id) % NAMES.length] ?? 'Ada';
}
