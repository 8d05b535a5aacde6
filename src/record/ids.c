#include "ids.h"

#include "platform.h"

void spw__ids_seed(struct spw__ids *ids)
{
    do
        spw__random(ids->s, sizeof ids->s);
    while (!(ids->s[0] | ids->s[1] | ids->s[2] | ids->s[3])); /* the one state the generator cannot leave */
}
