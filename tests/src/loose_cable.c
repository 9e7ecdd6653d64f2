/* A virtual reader on a cable: while the file UNPLUGGED exists, the reader does not answer, as one whose plug was pulled. Everything else
 * is the driver's own, found in the library that this one is linked with. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#define IFD_COMMUNICATION_ERROR 612

long IFDHICCPresence(unsigned long lun)
{
    if (access(UNPLUGGED, F_OK) == 0)
        return IFD_COMMUNICATION_ERROR;
    long (*driver)(unsigned long) = (long (*)(unsigned long))dlsym(RTLD_NEXT, "IFDHICCPresence");
    return driver(lun);
}
