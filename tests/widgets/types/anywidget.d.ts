/** What of anywidget's front end our modules use; see anywidget's own documentation of `AnyModel`. */
declare module "@anywidget/types" {
  export interface AnyModel<State extends Record<string, any> = Record<string, any>> {
    get<Name extends keyof State>(name: Name): State[Name];
    on(event: string, listener: (...about: any[]) => void): void;
    off(event: string, listener: (...about: any[]) => void): void;
    send(content: any, callbacks?: any, buffers?: (ArrayBuffer | ArrayBufferView)[]): void;
  }
}
