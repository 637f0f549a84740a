#pragma once
/*
 * The opening handshake (RFC 6455, section 4.2) of a socket the front door peeked at: Host, Origin and role as for REST, then what the RFC asks of the head.
 *
 * THREADS  Any; uses nothing but the socket and the accounts. Never waits for long.
 */
#include <stdbool.h>

#include "net/auth.h"
#include "net/guard.h"

/* Reads the head and answers it. true: the socket speaks WebSocket now, and `who` is who has it. false: it was refused in plain HTTP with problem+json, so that whoever tries
 * sees why, and is closed. `is_stopping` refuses everybody. */
bool handshake(const struct guard *guard, struct auth *auth, int fd, bool is_stopping, struct caller *who);
