/** The style of the page, light and dark, from 320 pixels up. */
export const STYLE = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #f3f5f4; --card: #ffffff; --soft: #57606a; --line: #d0d7de; --accent: #0b6e4f; --on-accent: #ffffff; --bad: #b3261e; --good: #0b6e4f; --paper: #efe7de; --own: #d7f8cb; --other: #ffffff; --bezel: #22272e; --head: #0b6e4f; --on-head: #ffffff; --tick: #0a6fc2; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --card: #161b22; --soft: #9aa5b1; --line: #30363d; --accent: #3fb68b; --on-accent: #04140e; --bad: #ff8a80; --good: #5fd3a8; --paper: #0b141a; --own: #0b4f3c; --other: #1f2a31; --bezel: #3d444d; --head: #1f2a31; --on-head: #e6edf3; --tick: #6cc4ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .5rem; } h3 { font-size: 1rem; margin: 0; } h4 { font-size: .95rem; margin: 1rem 0 .4rem; }
p { margin: 0; } ul, ol { list-style: none; margin: 0; padding: 0; } small { font-size: .8rem; } fieldset { border: 0; margin: 0; padding: 0; } legend { padding: 0; }
a { color: var(--accent); }
.soft { color: var(--soft); } .problem { color: var(--bad); } .good { color: var(--good); }
button, input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .7rem; min-width: 0; max-width: 100%; }
input[type=checkbox], input[type=radio] { accent-color: var(--accent); }
button { background: var(--accent); color: var(--on-accent); border-color: transparent; cursor: pointer; }
button.plain { background: transparent; color: inherit; border-color: var(--line); }
button.danger { background: transparent; color: var(--bad); border-color: var(--bad); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.layout { display: flex; flex-wrap: wrap; align-items: start; } .layout > main { min-width: 0; max-width: 100%; }
.page-head { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding: 1rem; }
.page-head p { flex: 1 1 18rem; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: start; padding: 0 1rem .75rem; }
#tabs { position: relative; display: flex; gap: .5rem; max-width: 100%; overflow-x: auto; padding: 3px; } .tab .unread { margin-inline-start: .4rem; display: inline-block; }
.tab { flex: none; white-space: nowrap; background: var(--card); color: var(--fg); border-color: var(--line); } .tab[aria-pressed=true] { border-color: var(--accent); color: var(--accent); font-weight: 600; }
summary { cursor: pointer; padding: .4rem .2rem; }
form label { display: block; } form label > input:not([type=checkbox], [type=radio], [type=file]), form label > select { display: block; width: 100%; margin-top: .2rem; }
.row { display: flex; gap: .5rem; align-items: center; }
#add-phone { display: grid; gap: .5rem; padding: .5rem; }
#phones { display: flex; flex-wrap: wrap; gap: 1.25rem; padding: 0 1rem 1rem; align-items: start; }
.phone { width: 21.5rem; max-width: 100%; background: var(--bezel); border-radius: 2rem; padding: .6rem; box-shadow: 0 6px 24px #0003; }
.glass { position: relative; display: flex; flex-direction: column; height: 38rem; max-height: calc(100vh - 2rem); border-radius: 1.5rem; overflow: hidden; background: var(--card); }
.phone header { display: flex; align-items: center; gap: .6rem; padding: .7rem .8rem; background: var(--head); color: var(--on-head); } .phone header :focus-visible { outline-color: currentcolor; }
.phone header small { display: block; min-height: 1.1rem; opacity: .9; }
.who { flex: 1; min-width: 0; } .who strong, .who h3 { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.icon { background: transparent; color: inherit; border-color: transparent; padding: .25rem .5rem; font-size: 1rem; } header .icon:first-child { font-size: 1.5rem; line-height: 1; }
.avatar { flex: none; display: grid; place-items: center; width: 2.4rem; height: 2.4rem; border-radius: 50%; color: #ffffff; font-weight: 600; background: #5b6770; }
.hue0 { background: #0b6e4f; } .hue1 { background: #7a4fb5; } .hue2 { background: #a8480f; } .hue3 { background: #1f6fb2; } .hue4 { background: #a83266; } .hue5 { background: #5f6a12; }
.body { flex: 1; min-height: 0; display: flex; flex-direction: column; }
.screen { flex: 1; min-height: 0; overflow-y: auto; }
.said { padding: 0 .8rem; font-size: .85rem; max-height: 5rem; overflow-y: auto; } .said:not(:empty) { padding-block: .4rem; border-top: 1px solid var(--line); }
.chat { display: flex; gap: .6rem; align-items: center; width: 100%; padding: .6rem .8rem; border: 0; border-radius: 0; background: transparent; color: inherit; text-align: start; border-bottom: 1px solid var(--line); outline-offset: -3px !important; }
.chat small { color: var(--soft); } .chat .who small { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.unread { flex: none; min-width: 1.4rem; padding: 0 .4rem; border-radius: 1rem; background: var(--accent); color: var(--on-accent); font-size: .8rem; text-align: center; }
.new-group, .chats > p { padding: .5rem .8rem; } .new-group form { display: grid; gap: .5rem; }
.option { display: flex !important; gap: .5rem; align-items: center; padding: .2rem 0; } .option span { flex: 1; }
.log { display: flex; flex-direction: column; gap: .4rem; padding: .7rem .6rem; background: var(--paper); outline-offset: -3px !important; }
.bubble { position: relative; max-width: 85%; padding: .4rem .6rem; border-radius: .7rem; background: var(--other); align-self: start; box-shadow: 0 1px 1px #0002; }
.bubble.own { background: var(--own); align-self: end; } .bubble.kind-sticker { background: transparent; box-shadow: none; }
.bubble > * + * { margin-top: .2rem; } .bubble .text { white-space: pre-wrap; } .author { display: block; color: var(--accent); font-size: .85rem; }
.bubble p small, .bubble label small, .bubble legend small, .choice small { display: block; color: var(--soft); }
.bubble img.image, .bubble video { display: block; width: 100%; min-width: 10rem; max-width: 15rem; max-height: 16rem; object-fit: contain; border-radius: .5rem; background: #0001; } .bubble img.sticker { display: block; width: 8rem; height: 8rem; object-fit: contain; }
.sound audio { display: block; width: 15rem; max-width: 100%; height: 2.5rem; }
.quoted { border-inline-start: 3px solid var(--accent); background: #8882; padding: .25rem .5rem; border-radius: .3rem; font-size: .85rem; } .quoted p { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.meta { font-size: .75rem; color: var(--soft); text-align: end; padding-inline-end: 1.4rem; } .ticks.read { color: var(--tick); }
.own .soft, .own .meta, .own small { color: color-mix(in srgb, var(--fg) 75%, transparent) !important; }
.reactions { display: inline-flex; gap: .2rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 0 .4rem; font-size: .9rem; }
.more { position: absolute; inset-block-end: .15rem; inset-inline-end: .2rem; background: transparent; color: var(--soft); padding: 0 .35rem; line-height: 1.3; border-radius: 1rem; margin: 0; }
.own .more { color: inherit; }
.menu { display: flex; flex-wrap: wrap; gap: .25rem; padding-block: .3rem 1.3rem; } .menu button { padding: .2rem .5rem; font-size: .9rem; }
.choices { display: grid; gap: .25rem; } .choice { display: block; text-align: center; text-decoration: none; background: transparent; color: var(--accent); border: 1px solid var(--line); border-radius: .5rem; padding: .3rem .6rem; }
.own .choice { color: inherit; }
.list summary { color: var(--accent); text-align: center; border-top: 1px solid var(--line); } .own .list summary { color: inherit; }
.cards { display: flex; gap: .5rem; overflow-x: auto; } .card { flex: 0 0 11rem; border: 1px solid var(--line); border-radius: .5rem; padding: .4rem; }
.poll { min-width: 12rem; } .poll .option small { display: inline; } .poll button { width: 100%; margin-top: .3rem; }
.composer { padding: .5rem; border-top: 1px solid var(--line); } .composer .row input[type=text] { flex: 1; }
.attach { cursor: pointer; padding: .35rem .5rem; border-radius: .5rem; } .attach:focus-within { outline: 3px solid var(--accent); }
.notice:not(:empty) { display: grid; gap: .3rem; padding-bottom: .5rem; font-size: .85rem; } .notice select { display: inline-block !important; width: auto !important; padding: .1rem .3rem; } .draft { display: grid; gap: .25rem; border-inline-start: 3px solid var(--accent); padding-inline-start: .5rem; }
.devices { padding: 0 .9rem 1rem; } .devices form { display: grid; gap: .4rem; margin-bottom: .8rem; } .device { display: flex; justify-content: space-between; align-items: center; gap: .5rem; padding: .4rem 0; } .device small { display: block; } .drop { display: grid; gap: .4rem; margin-top: .4rem; } .drop select { display: block; width: 100%; margin-top: .2rem; }
.transcript { flex: 1 1 26rem; min-width: 0; padding: .4rem 1rem 1.5rem; } .tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: .5rem 0; }
#stanzas { height: 28rem; resize: vertical; overflow: auto; padding: .5rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; font: .75rem/1.5 ui-monospace, monospace; } #stanzas li { padding-inline-start: 1rem; text-indent: -1rem; } #stanzas .from { color: var(--accent); }
#problems { list-style: disc; padding-inline-start: 1.2rem; }
@media (max-width: 47.99rem) {
  .layout > main { flex: 1 1 100%; }
  #phones { padding: 0 .5rem 1rem; } .phone { display: none; width: 100%;  padding: .35rem; border-radius: 1.4rem; } .phone.current { display: block; } .glass { border-radius: 1.1rem; height: 34rem; }
  .page-head, .bar { padding-inline: .75rem; } .transcript { padding-inline: .75rem; }
}
@media (prefers-reduced-motion: reduce) { * { scroll-behavior: auto !important; } }
`;
