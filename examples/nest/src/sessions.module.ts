/** The sessions as a module: any provider of the application may ask for the `SessionManager`. */
import {
  Global,
  Injectable,
  Module,
  type BeforeApplicationShutdown,
  type OnModuleInit,
} from "@nestjs/common";
import { SessionManager } from "zpwoot";

/** Starts with the application, and stops with it. */
@Injectable()
class Lifecycle implements OnModuleInit, BeforeApplicationShutdown {
  constructor(private readonly manager: SessionManager) {}

  /** Sessions that were online reconnect. */
  async onModuleInit(): Promise<void> {
    await this.manager.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.manager.stop();
  }
}

function makeManager(): SessionManager {
  return new SessionManager({
    store: process.env["ZPWOOT_STORE"] ?? "lmdb:.zpwoot",
    whatsapp: { url: process.env["ZPWOOT_WA_URL"] },
  });
}

@Global()
@Module({
  providers: [{ provide: SessionManager, useFactory: makeManager }, Lifecycle],
  exports: [SessionManager],
})
export class SessionsModule {}
