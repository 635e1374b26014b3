/** The texts of the playground's panel, in English and Portuguese. */
import type { EmulatorLanguage } from "../../testing/page/texts.js";

const en = {
  title: "zpwoot playground",
  steps: "Try it in two minutes",
  intro: "A zpwoot server and an emulator of WhatsApp run on this machine. No phone is needed.",
  link: "Link a session: on Ana’s phone open Linked devices, pick the session “demo”, and scan its QR code.",
  hello: "Write to it: on Bruno’s phone open the chat with Ana, and send “hello”.",
  webhook: "See the message arrive as JSON at the webhook of your program.",
  kill: "Kill the connection: on Ana’s phone, Linked devices, Drop the connection.",
  back: "Watch the session come back by itself, still linked.",
  show: "Show me",
  done: "done",
  session: "Session “demo”",
  now: "Now: {status}",
  connected: "Connected",
  connecting: "Connecting…",
  disconnected: "Disconnected",
  webhooks: "Webhook",
  webhookHint: "What the server sends to the URL of the session, signed. Newest first.",
  none: "Nothing has arrived yet.",
  pages: "Pages of the server",
  linkPage: "Link",
  overview: "Overview",
  docs: "API",
  finished: "That is all: it was linked once, and came back by itself.",
  again: "No answer from the playground. Is it still running?",
};

/** The texts of one language; each language has all of them. */
export type PlaygroundTexts = Readonly<Record<keyof typeof en, string>>;

const pt: PlaygroundTexts = {
  title: "zpwoot playground",
  steps: "Experimente em dois minutos",
  intro: "Um servidor zpwoot e um emulador do WhatsApp rodam nesta máquina. Não é preciso ter um celular.",
  link: "Conecte uma sessão: no celular da Ana abra Dispositivos conectados, escolha a sessão “demo” e escaneie o código QR dela.",
  hello: "Escreva para ela: no celular do Bruno abra a conversa com Ana e envie “hello”.",
  webhook: "Veja a mensagem chegar como JSON ao webhook do seu programa.",
  kill: "Derrube a conexão: no celular da Ana, Dispositivos conectados, Derrubar a conexão.",
  back: "Veja a sessão voltar sozinha, ainda conectada à conta.",
  show: "Mostrar",
  done: "feito",
  session: "Sessão “demo”",
  now: "Agora: {status}",
  connected: "Conectada",
  connecting: "Conectando…",
  disconnected: "Desconectada",
  webhooks: "Webhook",
  webhookHint: "O que o servidor envia à URL da sessão, assinado. O mais novo primeiro.",
  none: "Nada chegou ainda.",
  pages: "Páginas do servidor",
  linkPage: "Conectar",
  overview: "Visão geral",
  docs: "API",
  finished: "É tudo: foi conectada uma vez, e voltou sozinha.",
  again: "O playground não responde. Ele ainda está rodando?",
};

/** The texts by language. */
export const PLAYGROUND_TEXTS: Readonly<Record<EmulatorLanguage, PlaygroundTexts>> = { en, pt };
