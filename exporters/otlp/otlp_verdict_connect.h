/* Private to the verdict: nobody was reached, by TCP, by a Unix-domain socket or through a proxy; and what a proxy says for itself. Pure. */
#ifndef SPW_OTLP_VERDICT_CONNECT_H
#define SPW_OTLP_VERDICT_CONNECT_H

#include "otlp_verdict.h"

#define SPW__OTLP_URL_SHOWN 80 /* bytes of a URL in a text of 256 */

/* The connection could not be made: to the receiver or, if there is one, its proxy. */
void spw__otlp_judge_connect(const struct spw__otlp_outcome *outcome, const struct spw__otlp_subject *subject, spw_export_result *result);

/* The proxy answered in the receiver's place: to CONNECT, or 407. */
void spw__otlp_judge_proxy_status(long status, const struct spw__otlp_subject *subject, spw_export_result *result);

/* A SOCKS proxy did not do it. */
void spw__otlp_judge_socks(const struct spw__otlp_outcome *outcome, const struct spw__otlp_subject *subject, spw_export_result *result);

/* Appends that there is a proxy on the way, if there is one. */
void spw__otlp_say_proxy(const struct spw__otlp_subject *subject, spw_export_result *result);

#endif
