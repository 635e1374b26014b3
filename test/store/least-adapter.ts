/** An adapter with the least that Keyv asks for: no getMany, no setMany. */
export class LeastAdapter {
  readonly opts = {};
  namespace: string | undefined;
  constructor(readonly map: Map<string, unknown>) {}
  async get(key: string): Promise<unknown> {
    return this.map.get(key);
  }
  async set(key: string, value: unknown): Promise<void> {
    this.map.set(key, value);
  }
  async delete(key: string): Promise<boolean> {
    return this.map.delete(key);
  }
  async clear(): Promise<void> {
    this.map.clear();
  }
  on(): this {
    return this;
  }
}
