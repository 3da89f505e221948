/**
 * Where a record is shown by Nexudus and by Kisi. Neither publishes these addresses. That of a customer is seen in other
 * programs that link there; that of a Kisi user and group is a guess by Kisi's dashboard (`/organization/ID/…`). The ids stand
 * beside the links, for whoever has to search.
 */
export const links = {
  /** A customer; passes and contracts are shown there too. */
  nexudusCustomer: (memberId: number): string =>
    `https://dashboard.nexudus.com/operations/coworkers/${memberId}`,
  kisiUser: (organizationId: number | null, userId: number): string =>
    organizationId === null ? kisi : `${kisi}organization/${organizationId}/users/${userId}`,
  kisiGroup: (organizationId: number | null, groupId: number): string =>
    organizationId === null ? kisi : `${kisi}organization/${organizationId}/groups/${groupId}`,
};

const kisi = 'https://web.kisi.io/';
