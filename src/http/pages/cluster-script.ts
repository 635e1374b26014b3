/** The part of the overview about the nodes of a cluster, as browsers run it. It needs `call`, `make` and `$` of the script it is part of. */

/** Lists the nodes, where the server is one. Asks once for someone who may not see them. */
export const CLUSTER_SCRIPT = String.raw`
let hasCluster = $("cluster") !== null;
function nodeCells(node) {
  const { taken, left } = node;
  return [
    node.name + (node.self ? " · " + T.answers : ""),
    T[node.state],
    String(node.sessions),
    String(taken.claims + taken.takeOvers + taken.handovers),
    String(left.handovers + left.lost),
    Math.round(node.silentMs / 1000) + " " + T.secondsAgo,
    node.version,
  ];
}
async function refreshCluster() {
  if (!hasCluster) return;
  const answer = await call("../cluster");
  // A store that is down for a moment is no reason to stop asking.
  if (answer.status === 403 || answer.status === 404) hasCluster = false;
  if (!answer.ok) return;
  const { nodes, sessions, bus } = await answer.json();
  $("cluster").hidden = false;
  const problems = [sessions.unowned > 0 && sessions.unowned + " " + T.waitForNode, bus === "down" && T.busDown];
  const said = problems.filter(Boolean).join(" · ");
  if ($("cluster-problem").textContent !== said) $("cluster-problem").textContent = said;
  const list = $("nodes");
  while (list.rows.length > nodes.length) list.deleteRow(-1);
  nodes.forEach((node, index) => {
    const row = list.rows[index] ?? list.insertRow();
    row.title = node.id + " · " + node.pid + " @ " + node.host;
    nodeCells(node).forEach((text, column) => { (row.cells[column] ?? row.insertCell()).textContent = text; });
  });
}
`;
