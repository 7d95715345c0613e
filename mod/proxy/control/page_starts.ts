/** The control page's script for what the supervisor has started; a part of `pageScript`. */
export const pageStarts = `
const startColumns = [["generation", ""], ["state", "text"], ["pid", ""], ["started", "text"], ["by", "text long"], ["cause", "text long"]];

/** Classes of the states of generations. */
const startClasses = { serving: "up", starting: "checking", replaced: "draining", draining: "draining", failed: "unhealthy", ended: "down" };

function showStarts(supervisor) {
  const section = document.getElementById("starts");
  section.hidden = supervisor === null;
  if (supervisor === null) return;
  const failure = part(section, "failure", () => element("p", "long"));
  const last = supervisor.lastFailure;
  failure.hidden = last === null;
  failure.textContent = last === null ? "" : "Last failure, " + new Date(last.at).toLocaleString() + ": generation " + last.number + ", " + last.cause;
  failure.classList.toggle("some", last !== null);
  showTable("starts", startColumns, supervisor.generations.map((one, i) => [String(i), [
    one.number, [one.state, "state " + startClasses[one.state]], one.pid || "–", new Date(one.startedAt).toLocaleString(), one.by,
    [one.cause || "–", one.state === "failed" ? "some" : ""]]]));
}
`;
