/** A page of your own: it asks the manager itself, without HTTP and without a key. */
import { sessions } from "../lib/sessions";

export const dynamic = "force-dynamic";

export default async function Page() {
  const list = await sessions().list();
  return (
    <main>
      <h1>Sessions</h1>
      <ul>
        {list.map(({ id, name, status }) => (
          <li key={id}>{`${name}: ${status}`}</li>
        ))}
      </ul>
    </main>
  );
}
