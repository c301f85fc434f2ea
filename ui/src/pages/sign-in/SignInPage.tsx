import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { MessagesSquare } from "lucide-react";
import { useEffect } from "react";

import { address, api, base } from "~/api/client";
import { Failure } from "~/shared/Failure";
import { Loading } from "~/shared/Loading";

import { placeAfter } from "./next";
import { PasswordForm } from "./PasswordForm";
import { wordsOf } from "./refused";
import css from "./SignInPage.module.css";

const route = getRouteApi("/sign-in");

/** The way into a server with auth: a password, or its identity provider. */
export function SignInPage() {
  const search = route.useSearch();
  const next = placeAfter(search.next, base);
  const ways = useQuery({
    queryKey: ["settings", "sign-in"],
    queryFn: ({ signal }) => api.GET("/api/quire/v1/sign-in", { signal }),
  });
  useEffect(() => {
    document.title = "Sign in · Quire";
  }, []);
  return (
    <main className={css.place}>
      <div className={css.card}>
        <p className={css.brand}>
          <MessagesSquare size={18} aria-hidden /> Quire
        </p>
        <h1>Sign in</h1>
        {search.refused !== undefined && <Failure error={wordsOf(search.refused)} />}
        {ways.isPending && <Loading />}
        {ways.isError && <Failure error={ways.error} again={() => void ways.refetch()} />}
        {ways.data &&
          (ways.data.auth ? (
            <Ways provider={ways.data.provider} next={next} />
          ) : (
            <p>
              This server asks nobody who they are. <a href={next}>Go on</a>
            </p>
          ))}
      </div>
    </main>
  );
}

function Ways({ provider, next }: { provider: string; next: string }) {
  const { pathname, search, hash } = new URL(next);
  return (
    <>
      {provider && (
        <>
          <a className={css.provider} href={address("api/quire/v1/login", { next: pathname + search + hash })}>
            Sign in at {provider}
          </a>
          <p className={`${css.or} muted small`}>or with a password of this server</p>
        </>
      )}
      <PasswordForm signedIn={() => location.assign(next)} />
      <p className="small muted">An admin of the server makes users and new passwords.</p>
    </>
  );
}
