import { Controller, Get, Module } from "@nestjs/common";
import { SessionManager } from "zpwoot";
import { MenuService } from "./menu.service.js";
import { SessionsModule } from "./sessions.module.js";

/** A route of your own: it asks the manager itself. */
@Controller()
class AppController {
  constructor(private readonly manager: SessionManager) {}

  @Get()
  async list(): Promise<string[]> {
    return (await this.manager.list()).map(({ name, status }) => `${name}: ${status}`);
  }
}

@Module({ imports: [SessionsModule], controllers: [AppController], providers: [MenuService] })
export class AppModule {}
