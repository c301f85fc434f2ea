import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

import css from "./Toasts.module.css";

type Toast = { id: number; text: string };

const Context = createContext<(text: string) => void>(() => undefined);

/** Says that something was done: `useToast()("Version 3 was saved")`. Errors stay where they happened instead. */
export function useToast(): (text: string) => void {
  return useContext(Context);
}

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const say = useCallback((text: string) => {
    const id = Date.now() + Math.random();
    setToasts((now) => [...now, { id, text }]);
    window.setTimeout(() => setToasts((now) => now.filter((toast) => toast.id !== id)), 5000);
  }, []);
  return (
    <Context value={say}>
      {children}
      <div className={css.toasts} role="status">
        {toasts.map(({ id, text }) => (
          <p key={id} className={css.toast}>
            {text}
          </p>
        ))}
      </div>
    </Context>
  );
}
