import { Authorize, Body, Controller, Get, Post, Render, RequestContext, UploadedFile } from 'rockstar-web';
import { IsInstance, IsString, MaxLength } from 'class-validator';
import type { Session } from 'express-session';

class NewAlbum {
  @IsString() @MaxLength(100) title!: string;
  @IsInstance(UploadedFile) cover!: UploadedFile;
}

@Controller('/albums')
export class AlbumsController {
  private readonly titles = ['<b>first</b>'];

  @Get('/')
  @Render('albums/list.html')
  list() {
    return { titles: this.titles };
  }

  @Post('/')
  @Authorize('albums', 'write')
  add(@Body({ files: true }) album: NewAlbum) {
    return { title: album.title, bytes: album.cover.sizeBytes };
  }

  @Post('/visits')
  visit(ctx: RequestContext) {
    const { session } = ctx.request as unknown as { session: Session & { visits?: number } };
    session.visits = (session.visits ?? 0) + 1;
    return { visits: session.visits };
  }
}
