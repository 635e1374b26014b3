/** The texts of the pages, in English and Portuguese. */

const en = {
  linkTitle: "Link WhatsApp",
  overviewTitle: "Sessions",
  key: "API key",
  useKey: "Use key",
  wrongKey: "This key is not accepted.",
  connecting: "Connecting…",
  scan: "Scan the code with WhatsApp.",
  linked: "Connected",
  disconnected: "Disconnected",
  failed: "No answer from the server. Trying again…",
  connect: "Connect",
  step1: "Open WhatsApp on your phone.",
  step2: "Open Linked devices and choose Link a device.",
  step3: "Point the phone at this code. It changes by itself.",
  qrAlt: "QR code to scan with WhatsApp",
  pairTitle: "Or link with a phone number",
  phone: "Phone number, with country code",
  getCode: "Get code",
  codeIs: "Type this code on your phone:",
  name: "Name",
  status: "Status",
  number: "Number",
  none: "There are no sessions yet.",
  open: "Open",
  create: "Create",
  newName: "Name of a new session",
  disconnect: "Disconnect",
  details: "Details",
  remove: "Delete",
  reallyDelete: "Really delete?",
  to: "To, with country code",
  text: "Text",
  testText: "Test message",
  send: "Send a test message",
  sent: "Sent: WhatsApp has acknowledged it.",
  state: "State",
  reason: "Reason",
  until: "until",
  lastHeard: "Last heard",
  noWebhook: "no webhook",
  failedDeliveries: "Failed deliveries",
  none0: "none",
  unknownSession: "There is no such session, or this key may not see it.",
  countryCode: "",
};

/** The texts of one language; each language has all of them. */
export type PageTexts = Readonly<Record<keyof typeof en, string>>;

const pt: PageTexts = {
  linkTitle: "Conectar o WhatsApp",
  overviewTitle: "Sessões",
  key: "Chave de API",
  useKey: "Usar chave",
  wrongKey: "Esta chave não foi aceita.",
  connecting: "Conectando…",
  scan: "Escaneie o código com o WhatsApp.",
  linked: "Conectado",
  disconnected: "Desconectado",
  failed: "O servidor não responde. Tentando de novo…",
  connect: "Conectar",
  step1: "Abra o WhatsApp no celular.",
  step2: "Abra Dispositivos conectados e escolha Conectar dispositivo.",
  step3: "Aponte o celular para este código. Ele muda sozinho.",
  qrAlt: "Código QR para escanear com o WhatsApp",
  pairTitle: "Ou conecte com um número de telefone",
  phone: "Número de telefone, com código do país",
  getCode: "Obter código",
  codeIs: "Digite este código no celular:",
  name: "Nome",
  status: "Estado",
  number: "Número",
  none: "Ainda não há sessões.",
  open: "Abrir",
  create: "Criar",
  newName: "Nome de uma nova sessão",
  disconnect: "Desconectar",
  details: "Detalhes",
  remove: "Excluir",
  reallyDelete: "Excluir mesmo?",
  to: "Para, com código do país",
  text: "Texto",
  testText: "Mensagem de teste",
  send: "Enviar mensagem de teste",
  sent: "Enviada: o WhatsApp confirmou.",
  state: "Estado",
  reason: "Motivo",
  until: "até",
  lastHeard: "Última atividade",
  noWebhook: "sem webhook",
  failedDeliveries: "Entregas que falharam",
  none0: "nenhuma",
  unknownSession: "Esta sessão não existe, ou esta chave não pode vê-la.",
  countryCode: "+55",
};

/** A language of the pages. */
export type PageLanguage = "en" | "pt";

/** The texts by language. */
export const PAGE_TEXTS: Readonly<Record<PageLanguage, PageTexts>> = { en, pt };

/** The language of `?lang=`, else the first known one in `Accept-Language`, else English. */
export function languageOf(asked: string | null, accepted: string | undefined): PageLanguage {
  const candidates = [asked ?? "", ...(accepted ?? "").split(",")].map((language) =>
    language.trim().slice(0, 2).toLowerCase(),
  );
  return candidates.find((language) => language === "en" || language === "pt") ?? "en";
}
