/* A business program that asks before it does, in C with json-c.
 *
 *     cc -Wall -o issue issue.c -ljson-c
 *     ./issue FUNCTION [CASE]
 *
 * Exits with 0 when it was granted and done, with 3 when it was refused.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, REFUSED = 3, MESSAGE_MAX = 65536 };

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 20}; /* a card may take seconds */
    int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (agent < 0 || strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    setsockopt(agent, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return connect(agent, (struct sockaddr *)&address, sizeof address) == 0 ? agent : -1;
}

/* Sends a call and reads its answer, both ended by a zero byte. NULL when the agent is gone or answers with an error: a refusal is none. */
static struct json_object *call(int agent, const char *method, struct json_object *parameters)
{
    static char message[MESSAGE_MAX];
    struct json_object *asked = json_object_new_object(), *answer, *error, *result = NULL;
    const char *text;
    size_t length, at = 0;
    ssize_t done;

    json_object_object_add(asked, "method", json_object_new_string(method));
    json_object_object_add(asked, "parameters", parameters);
    text = json_object_to_json_string_ext(asked, JSON_C_TO_STRING_PLAIN);
    for (length = strlen(text) + 1; at < length; at += (size_t)done)
        if ((done = send(agent, text + at, length - at, MSG_NOSIGNAL)) <= 0)
            break;
    json_object_put(asked);
    if (at < length)
        return NULL;
    for (at = 0; at == 0 || message[at - 1] != '\0'; at += (size_t)done)
        if (at == sizeof message || (done = recv(agent, message + at, sizeof message - at, 0)) <= 0)
            return NULL;
    answer = json_tokener_parse(message);
    if (!json_object_object_get_ex(answer, "error", &error) && json_object_object_get_ex(answer, "parameters", &result))
        json_object_get(result);
    json_object_put(answer);
    return result;
}

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *member;
    return json_object_object_get_ex(object, name, &member) ? json_object_get_string(member) : "";
}

int main(int count, char **words)
{
    const char *path = getenv("SEKISHO_SOCKET");
    struct json_object *asked, *answer, *verdict, *record, *granted, *report;
    int agent;

    if (count < 2 || count > 3) {
        fprintf(stderr, "usage: %s FUNCTION [CASE]\n", words[0]);
        return 2;
    }
    agent = connect_to(path ? path : "/run/sekisho/agent.sock");
    asked = json_object_new_object();
    json_object_object_add(asked, "function", json_object_new_string(words[1]));
    if (count == 3)
        json_object_object_add(asked, "case", json_object_new_string(words[2]));
    answer = agent < 0 ? NULL : call(agent, "io.sekisho.Authorize", asked);
    if (!answer || !json_object_object_get_ex(answer, "verdict", &verdict)
        || !json_object_object_get_ex(verdict, "granted", &granted)) {
        /* Nobody can say that the clerk may, or keep a record of it: so nothing is done. */
        fprintf(stderr, "the agent does not answer\n");
        return FAILED;
    }
    if (!json_object_get_boolean(granted)) {
        fprintf(stderr, "%s\n%s\n", text_of(verdict, "what_ja"), text_of(verdict, "next_ja"));
        return REFUSED;
    }
    /* Only now. */
    puts("issued");
    report = json_object_new_object();
    json_object_object_get_ex(answer, "record", &record);
    json_object_object_add(report, "record", json_object_get(record));
    json_object_object_add(report, "items", json_object_new_int(1));
    json_object_object_add(report, "outcome", json_object_new_string("done"));
    if (!call(agent, "io.sekisho.Complete", report))
        fprintf(stderr, "done, but that could not be recorded\n");
    json_object_put(answer);
    close(agent);
    return DONE;
}
